"""Puts assets on the host: the common ones from the checkout, and a folder for each new user."""

from twinhub_hub.assets.errors import AssetsError
from twinhub_hub.assets.install import InstallReport, install_common
from twinhub_hub.assets.user_folders import ensure_user_folder, list_teams

__all__ = ["AssetsError", "InstallReport", "ensure_user_folder", "install_common", "list_teams"]
