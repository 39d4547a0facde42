"""Who may sign in, and what happens then."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from twinhub_api.names import label_for

from twinhub_hub.assets import ensure_user_folder
from twinhub_hub.auth.access import AccessPolicy
from twinhub_hub.auth.git_tokens import GIT_SCOPES
from twinhub_hub.auth.gitlab import TwinHubGitLabAuthenticator
from twinhub_hub.auth.native import NativeAuthenticator
from twinhub_hub.auth.oidc import OidcAuthenticator
from twinhub_hub.auth.trial import TrialAuthenticator
from twinhub_hub.deletions import find_deletion

if TYPE_CHECKING:
    from twinhub_hub.apply.context import Context
    from twinhub_hub.settings.auth import GitLab, Oidc, ProviderGroups

_CONNECT_SECONDS = 5
_NATIVE_REFRESH_SECONDS = 5
"""How long another role takes to hold: it costs no more than reading a small file."""

_REQUEST_SECONDS = 15
_NOT_A_MEMBER = (
    "You are signed in to {service}, but you are in none of the groups that may use this TwinHub. "
    "Ask its administrator to be added, then sign in again; or sign out of {service} and come back "
    "under another name."
)


def apply(context: Context, c: Any) -> None:  # noqa: ANN401 - traitlets' configuration
    """Set up the sign-in that the settings name."""
    auth = context.settings.auth
    c.JupyterHub.cookie_max_age_days = auth.session_days
    c.RecordsDeletions.deletions = str(context.installation.deletions)
    c.MakesFolders.make_folder = partial(_make_folder, context)
    c.Authenticator.allow_existing_users = False  # an account that is gone from the settings
    if auth.method == "gitlab" and auth.gitlab:
        _apply_gitlab(context, c, auth.gitlab)
    elif auth.method == "oidc" and auth.oidc:
        _apply_oidc(context, c, auth.oidc)
    elif auth.method == "native":
        _apply_native(context, c)
    else:
        _apply_trial(context, c)


def _make_folder(context: Context, name: str) -> None:
    """Make a user's folder, unless an earlier user of the name still has files there."""
    if find_deletion(context.installation.deletions, name) is None:
        template = context.share / "config" / "assets" / "template"
        ensure_user_folder(template, context.assets, label_for(name), uid=context.settings.uid)


def _apply_trial(context: Context, c: Any) -> None:  # noqa: ANN401
    c.JupyterHub.authenticator_class = TrialAuthenticator
    c.TrialAuthenticator.accounts_file = str(context.installation.account_hashes)
    c.Authenticator.allowed_users = {account.name for account in context.accounts}
    c.TrialAuthenticator.manage_groups = True
    c.TrialAuthenticator.roles = {a.name: a.role for a in context.accounts}
    c.Authenticator.admin_users = {a.name for a in context.accounts if a.role == "admin"}


def _apply_native(context: Context, c: Any) -> None:  # noqa: ANN401
    c.JupyterHub.authenticator_class = NativeAuthenticator
    n = c.NativeAuthenticator
    n.accounts_file = str(context.installation.native_accounts)
    n.allow_all = True  # whoever has an account
    n.manage_groups = True
    n.auth_refresh_age = _NATIVE_REFRESH_SECONDS


def _apply_gitlab(context: Context, c: Any, gitlab: GitLab) -> None:  # noqa: ANN401
    c.JupyterHub.authenticator_class = TwinHubGitLabAuthenticator
    g = c.TwinHubGitLabAuthenticator
    g.gitlab_url = gitlab.url
    g.client_id = gitlab.client_id
    g.git_access = gitlab.git_access
    g.scope = ["read_user", "read_api", *GIT_SCOPES[gitlab.git_access]]
    _apply_provider(context, g, gitlab, service="GitLab")


def _apply_oidc(context: Context, c: Any, oidc: Oidc) -> None:  # noqa: ANN401
    c.JupyterHub.authenticator_class = OidcAuthenticator
    o = c.OidcAuthenticator
    o.issuer = oidc.issuer
    o.client_id = oidc.client_id
    o.scope = list(oidc.scopes)
    o.username_claim = oidc.username_claim
    o.groups_claim = oidc.groups_claim
    _apply_provider(context, o, oidc, service=oidc.title)


def _apply_provider(
    context: Context,
    p: Any,  # noqa: ANN401
    groups: ProviderGroups,
    *,
    service: str,
) -> None:
    auth = context.settings.auth
    p.login_service = service
    p.client_secret = context.client_secret
    p.oauth_callback_url = f"{context.address}/hub/oauth_callback"
    p.enable_pkce = True
    p.enable_auth_state = True
    p.manage_groups = True
    p.auth_refresh_age = auth.refresh_seconds
    p.grace_seconds = auth.grace_seconds
    p.refresh_pre_spawn = True
    p.custom_403_message = _NOT_A_MEMBER.format(service=service)
    p.http_request_kwargs = {
        "connect_timeout": _CONNECT_SECONDS,
        "request_timeout": _REQUEST_SECONDS,
    }
    p.policy = AccessPolicy(
        allowed=frozenset(groups.allowed_groups),
        instructors=frozenset(groups.instructor_groups),
        admins=frozenset(groups.admin_groups),
    )
