"""Groups, roles and the tokens of our own processes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from twinhub_hub.installation import CULLER_TOKEN, HUB_TOKEN

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context

INSTRUCTORS = "instructor"

_ROLES = (
    {"name": "twinhub-restore-routes", "scopes": ["proxy"], "services": ["twinhub"]},
    {
        "name": "twinhub-culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["culler"],
    },
)


def apply(context: Context, c: Any) -> None:  # noqa: ANN401 - traitlets' configuration
    """Name the instructors' group, and give each of our processes its scopes and no more."""
    instructors = [a.name for a in context.accounts if a.role == "instructor"]
    c.JupyterHub.load_groups = {INSTRUCTORS: {"users": instructors}}
    c.JupyterHub.services = [
        {"name": "twinhub", "api_token": context.installation.token(HUB_TOKEN), "display": False},
        {"name": "culler", "api_token": context.installation.token(CULLER_TOKEN), "display": False},
    ]
    c.JupyterHub.load_roles = [dict(role) for role in _ROLES]


def culler_command(context: Context) -> list[str]:
    """Return the command that stops idle workspaces; its token comes in the environment."""
    seconds = int(context.settings.workspace.idle_hours * 3600)
    return [
        sys.executable, "-m", "jupyterhub_idle_culler",
        f"--url=http://127.0.0.1:{context.running.hub_port}/hub/api",
        f"--timeout={seconds}",
        f"--cull-every={max(60, min(600, seconds // 4))}",
    ]  # fmt: skip
