"""Groups, roles and the tokens of our own processes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from twinhub_hub.auth.passwords import INSTRUCTORS
from twinhub_hub.installation import CULLER_TOKEN, HUB_TOKEN, METRICS_TOKEN, USERS_TOKEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_hub.apply.context import Context

INSTRUCTOR_SCOPES = ("list:users", "read:users:name", "read:users:activity", "read:servers")
"""What instructors may do beside what every user may: see who is there and whose workspace runs.

Admins have JupyterHub's own role ``admin``, users its role ``user``.
"""

_ROLES = (
    {"name": "twinhub-restore-routes", "scopes": ["proxy"], "services": ["twinhub"]},
    {"name": "twinhub-users", "scopes": ["delete:users"], "services": ["users"]},
    {"name": "twinhub-metrics", "scopes": ["read:metrics"], "services": ["metrics"]},
    {
        "name": "twinhub-culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["culler"],
    },
)


def apply(context: Context, c: Any) -> None:  # noqa: ANN401 - traitlets' configuration
    """Give the instructors' groups and each of our processes their scopes and no more."""
    c.JupyterHub.services = [
        {"name": "twinhub", "api_token": context.installation.token(HUB_TOKEN), "display": False},
        {"name": "culler", "api_token": context.installation.token(CULLER_TOKEN), "display": False},
        {"name": "users", "api_token": context.installation.token(USERS_TOKEN), "display": False},
        {
            "name": "metrics",
            "api_token": context.installation.token(METRICS_TOKEN),
            "display": False,
        },
    ]
    instructors = {
        "name": INSTRUCTORS,
        "description": "Sees who is there",
        "scopes": list(INSTRUCTOR_SCOPES),
        "groups": list(_instructor_groups(context)),
    }
    c.JupyterHub.load_roles = [*(dict(role) for role in _ROLES), instructors]


def _instructor_groups(context: Context) -> Sequence[str]:
    auth = context.settings.auth
    if auth.provider is not None:
        return auth.provider.instructor_groups
    return (INSTRUCTORS,)


def culler_command(context: Context) -> list[str]:
    """Return the command that stops idle workspaces; its token comes in the environment."""
    seconds = int(context.settings.workspace.idle_hours * 3600)
    return [
        sys.executable, "-m", "twinhub_hub.operate.culler",
        f"--url=http://127.0.0.1:{context.running.hub_port}/hub/api",
        f"--timeout={seconds}",
        f"--cull-every={max(60, min(600, seconds // 4))}",
    ]  # fmt: skip
