"""What the library's process is told, and what workspaces are told of it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from twinhub_hub.files import write_public
from twinhub_hub.installation import LIBRARY_KEYS, LIBRARY_TOKEN
from twinhub_hub.settings.trusted_files import KEYS, read_trusted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twinhub_hub.apply.context import Context

PREFIX = "/services/library"
"""Where the library is, for people and for workspaces."""

CALLBACK = f"{PREFIX}/oauth_callback"
"""Where the hub leads browsers back to, whom it has signed in for the library's pages."""

VARIABLE = "TWINHUB_LIBRARY_URL"
"""Variable of workspaces with the library's address; their token is in JUPYTERHUB_API_TOKEN."""


def library_command() -> list[str]:
    """Return the command of the process; ``-P`` keeps the current folder out of its modules."""
    return [sys.executable, "-P", "-m", "twinhub_library.service"]


def library_environment(context: Context) -> Mapping[str, str]:
    """Return what the process finds in its environment, secrets each in a variable of its own."""
    installation = context.installation
    return {
        "TWINHUB_LIBRARY_SETTINGS": json.dumps(_settings(context), sort_keys=True),
        "TWINHUB_LIBRARY_TOKEN": installation.token(LIBRARY_TOKEN),
        "TWINHUB_LIBRARY_CRYPT_KEYS": installation.token(LIBRARY_KEYS),
    }


def quota_of(context: Context) -> Mapping[str, object]:
    """Return how much areas may hold, as all are told it who write to them."""
    quota = context.settings.library.quota
    return {
        "user_bytes": quota.user or 0,
        "team_bytes": quota.team or 0,
        "common_bytes": quota.common or 0,
        "users": {one.name: one.limit for one in quota.users},
        "groups": {one.name: one.limit for one in quota.teams},
        "free_bytes": quota.free_space,
    }


def _settings(context: Context) -> Mapping[str, object]:
    running, library = context.running, context.settings.library
    trust = context.installation.library_trust
    snapshots = library.snapshots
    return {
        "port": running.library_port,
        "uid": context.settings.uid,
        "needed": [str(context.share / "config"), *([str(trust)] if trusted(context) else [])],
        "library": {
            "root": str(context.assets),
            "state": str(context.installation.library_state),
            "site_title": context.settings.site.title,
            "public_url": context.address,
            "hub_api_url": f"http://127.0.0.1:{running.hub_port}/hub/api",
            "quota": quota_of(context),
            "git": {
                "hosts": list(library.git.hosts),
                "login_url": _login_url(context),
                "most_bytes": library.git.largest_pull,
                "most_seconds": library.git.minutes * 60,
                "email_domain": library.git.email_domain,
                **{key: str(trust / key) for key in trusted(context)},
            },
            "open_links": {"git_hosts": list(library.open_links.git_hosts)},
            "snapshots": {
                "every_minutes": snapshots.every_minutes,
                "hours": snapshots.hours,
                "days": snapshots.days,
                "weeks": snapshots.weeks,
                "months": snapshots.months,
                "largest_file_bytes": snapshots.largest_file,
                "free_bytes": snapshots.free_space,
            },
        },
    }


def _login_url(context: Context) -> str:
    """Return the GitLab whose logins the library may use; empty for none."""
    auth = context.settings.auth
    is_used = auth.method == "gitlab" and auth.gitlab and auth.gitlab.git_access != "none"
    return auth.gitlab.url if is_used and auth.gitlab else ""


def trusted(context: Context) -> Mapping[str, Path]:
    """Return the files that say whom the library's git trusts, by their keys in `twinhub.yaml`."""
    named = {key: getattr(context.settings.library.git, key) for key in KEYS}
    home = context.installation.home
    return {key: home / path for key, path in named.items() if path is not None}


def copy_trusted(context: Context) -> None:
    """Copy those files to where the library reads them, who may not enter the folders they are in.

    Raises:
        TrustedFileError: one cannot be used.
    """
    texts = {key: read_trusted(key, path) for key, path in trusted(context).items()}
    folder = context.installation.library_trust
    folder.mkdir(mode=0o755, exist_ok=True)
    for key, text in texts.items():
        write_public(folder / key, text)


def workspace_environment(context: Context) -> Mapping[str, str]:
    """Return the variables with which a workspace finds the library; none of them is a secret."""
    running = context.running
    if running.gateway is not None:
        return {VARIABLE: f"http://{running.gateway}:{running.hub_port}{PREFIX}"}
    return {VARIABLE: f"http://127.0.0.1:{running.library_port}"}
