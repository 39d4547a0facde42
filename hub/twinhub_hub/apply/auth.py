"""Who may sign in, and what happens then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinhub_hub.auth.access import AccessPolicy
from twinhub_hub.auth.gitlab import TwinHubGitLabAuthenticator
from twinhub_hub.auth.trial import TrialAuthenticator

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context

_CONNECT_SECONDS = 5
_REQUEST_SECONDS = 15
_NOT_A_MEMBER = (
    "You are signed in to GitLab, but you are in none of the groups that may use this TwinHub. "
    "Ask its administrator to be added, then sign in again; or sign out of GitLab and come back "
    "under another name."
)


def apply(context: Context, c: Any) -> None:  # noqa: ANN401 - traitlets' configuration
    """Set up the sign-in that the settings name."""
    c.JupyterHub.cookie_max_age_days = context.settings.auth.session_days
    c.Authenticator.allow_existing_users = False  # an account that is gone from the settings
    if context.settings.auth.method == "gitlab":
        _apply_gitlab(context, c)
    else:
        _apply_trial(context, c)


def _apply_trial(context: Context, c: Any) -> None:  # noqa: ANN401
    c.JupyterHub.authenticator_class = TrialAuthenticator
    c.TrialAuthenticator.accounts_file = str(context.installation.account_hashes)
    c.Authenticator.allowed_users = {account.name for account in context.accounts}
    c.TrialAuthenticator.manage_groups = True
    c.TrialAuthenticator.instructors = {a.name for a in context.accounts if a.role == "instructor"}
    c.Authenticator.admin_users = {a.name for a in context.accounts if a.role == "admin"}


def _apply_gitlab(context: Context, c: Any) -> None:  # noqa: ANN401
    auth, gitlab = context.settings.auth, context.settings.auth.gitlab
    assert gitlab is not None  # noqa: S101 - the settings have checked it
    c.JupyterHub.authenticator_class = TwinHubGitLabAuthenticator
    g = c.TwinHubGitLabAuthenticator
    g.gitlab_url = gitlab.url
    g.client_id = gitlab.client_id
    g.client_secret = context.client_secret
    g.oauth_callback_url = f"{context.address}/hub/oauth_callback"
    g.scope = ["read_user", "read_api"]
    g.enable_pkce = True
    g.enable_auth_state = True
    g.manage_groups = True
    g.auth_refresh_age = auth.refresh_seconds
    g.grace_seconds = auth.grace_seconds
    g.refresh_pre_spawn = True
    g.custom_403_message = _NOT_A_MEMBER
    g.http_request_kwargs = {
        "connect_timeout": _CONNECT_SECONDS,
        "request_timeout": _REQUEST_SECONDS,
    }
    g.policy = AccessPolicy(
        allowed=frozenset(gitlab.allowed_groups),
        instructors=frozenset(gitlab.instructor_groups),
        admins=frozenset(gitlab.admin_groups),
    )
