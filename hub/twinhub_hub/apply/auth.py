"""Who may sign in, and what happens then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinhub_hub.auth.trial import TrialAuthenticator

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context


def apply(context: Context, c: Any) -> None:  # noqa: ANN401 - traitlets' configuration
    """Set up the trial sign-in."""
    auth = context.settings.auth
    c.JupyterHub.authenticator_class = TrialAuthenticator
    c.JupyterHub.cookie_max_age_days = auth.session_days
    c.TrialAuthenticator.accounts_file = str(context.installation.account_hashes)
    c.Authenticator.allowed_users = {account.name for account in context.accounts}
    c.Authenticator.allow_existing_users = False  # an account that is gone from the settings
    c.Authenticator.admin_users = {a.name for a in context.accounts if a.role == "admin"}
