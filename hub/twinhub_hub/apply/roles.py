"""Groups, roles and the tokens of our own processes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from twinhub_api.scopes import GIT_TOKEN, INSTRUCT, READ_ACCESS, USE_LIBRARY, USE_RUNNER

from twinhub_hub.apply.library import CALLBACK
from twinhub_hub.auth.passwords import INSTRUCTORS
from twinhub_hub.installation import (
    CULLER_TOKEN,
    HUB_TOKEN,
    LIBRARY_TOKEN,
    METRICS_TOKEN,
    RUNNER_TOKEN,
    USERS_TOKEN,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_hub.apply.context import Context

INSTRUCTOR_SCOPES = (
    "list:users", "read:users:name", "read:users:activity", "read:servers", INSTRUCT,
)  # fmt: skip
"""What instructors may do beside what every user may: see who is there and whose workspace runs,
and in the library what they alone do there.

Admins have JupyterHub's own role ``admin``, users its role ``user``.
"""

_CUSTOM_SCOPES = {
    INSTRUCT: {"description": "Publish for everybody, switch on teams, see who opened a link"},
    GIT_TOKEN: {"description": "Have the token of somebody's login, for git"},
    READ_ACCESS: {"description": "Know whether somebody may still be here"},
}

_OUR_SERVICES = (USE_LIBRARY, USE_RUNNER)
SERVER_SCOPES = ("users:activity!user", "access:servers!server", *_OUR_SERVICES, INSTRUCT)
"""What a workspace's token may do, as far as its user may: the first two are JupyterHub's own."""

_ROLES = (
    {"name": "twinhub-restore-routes", "scopes": ["proxy"], "services": ["twinhub"]},
    {"name": "twinhub-users", "scopes": ["delete:users"], "services": ["users"]},
    {
        "name": "twinhub-library",
        "scopes": ["read:groups:name", GIT_TOKEN],
        "services": ["library"],
    },
    {
        "name": "twinhub-runner",
        "scopes": ["read:groups:name", "read:users:name", "read:users:groups", READ_ACCESS],
        "services": ["runner"],
    },
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
        _library(context),
        {"name": "runner", "api_token": context.installation.token(RUNNER_TOKEN), "display": False},
    ]
    c.JupyterHub.custom_scopes = _CUSTOM_SCOPES
    c.JupyterHub.extra_user_scopes = list(_OUR_SERVICES)
    instructors = {
        "name": INSTRUCTORS,
        "description": "Sees who is there",
        "scopes": list(INSTRUCTOR_SCOPES),
        "groups": list(_instructor_groups(context)),
    }
    server = {"name": "server", "scopes": list(SERVER_SCOPES)}
    c.JupyterHub.load_roles = [*(dict(role) for role in _ROLES), instructors, server]


def _library(context: Context) -> dict[str, object]:
    """Return the library as a service of the hub, to whose pages it signs browsers in.

    It has no ``url``: the hub would wait for it when it starts. The edge leads to it.
    """
    return {
        "name": "library",
        "api_token": context.installation.token(LIBRARY_TOKEN),
        "display": False,
        "oauth_client_id": "service-library",
        "oauth_redirect_uri": f"{context.address}{CALLBACK}",
        "oauth_client_allowed_scopes": [INSTRUCT],
        "oauth_no_confirm": True,  # it is a part of TwinHub itself
    }


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
