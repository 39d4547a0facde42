"""What of a sign-in through GitLab lets git in: its access token, and nothing else of it.

GitLab takes it over HTTPS with the user name ``oauth2``
(https://docs.gitlab.com/api/oauth2/#access-git-over-https-with-access-token).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from twinhub_api.logins import GitToken, is_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyterhub.user import User

GIT_SCOPES: Mapping[str, Sequence[str]] = {
    "none": (), "read": ("read_repository",), "write": ("write_repository",),
}  # fmt: skip
"""What GitLab's application needs for each `auth.gitlab.git_access`; writing takes in reading."""


class NoGitTokenError(Exception):
    """There is no token for git; the text tells the person why, and what to do."""


class GitLabSignIn(Protocol):
    """What is asked of the authenticator, see `gitlab.TwinHubGitLabAuthenticator`."""

    gitlab_url: str
    git_access: str

    async def refresh_user(self, user: User) -> object:
        """Ask GitLab again; return whether the user stays signed in."""


async def get_git_token(sign_in: GitLabSignIn, user: User, remote: str) -> GitToken:
    """Return what lets git in at a repository as a user, whom GitLab still knows now.

    Raises:
        NoGitTokenError: the repository is not at this GitLab, or the sign-in does not serve.
    """
    if sign_in.git_access == "none":
        raise NoGitTokenError(
            "Logins open no repositories in this TwinHub: give a token for this repository, or ask "
            "an administrator to set auth.gitlab.git_access."
        )
    if not is_at(remote, sign_in.gitlab_url):
        raise NoGitTokenError(
            f"Your login is from {sign_in.gitlab_url} and opens no repository elsewhere: give a "
            "token for this repository."
        )
    state = await user.get_auth_state() if await sign_in.refresh_user(user) else None
    if not state or "token_response" not in state:
        raise NoGitTokenError(
            "GitLab does not accept your sign-in any more. Sign out of TwinHub and in again, then "
            "repeat this."
        )
    return make_git_token(state["token_response"], sign_in.git_access)


def make_git_token(tokens: Mapping[str, Any], access: str) -> GitToken:
    """Return what GitLab has answered without what only the hub needs.

    Raises:
        NoGitTokenError: it was given before repositories were opened to logins.
    """
    scope = tokens.get("scope")
    missing = set(GIT_SCOPES[access]) - set(str(scope).split())
    if scope is not None and missing:  # RFC 6749, section 5.1: without it all is given
        raise NoGitTokenError(
            "Your sign-in is from before this TwinHub opened repositories to logins. Sign out of "
            "TwinHub and in again, then repeat this; if it does not help, an administrator should "
            f"tick {', '.join(missing)} at the application in GitLab."
        )
    ends_at = find_end(tokens)
    return GitToken(
        token=str(tokens["access_token"]),
        expires_at=datetime.fromtimestamp(ends_at, UTC) if ends_at is not None else None,
        may_write=access == "write",
    )


def find_end(tokens: Mapping[str, Any]) -> float | None:
    """Return when an access token ends, as seconds since 1970; None where nobody said so."""
    try:
        return float(tokens["created_at"]) + float(tokens["expires_in"])
    except (KeyError, TypeError, ValueError):
        return None
