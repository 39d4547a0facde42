"""Which sign-in opens which repository, and what the hub says where it does not."""

from __future__ import annotations

from typing import Any

import pytest
from twinhub_hub.auth.git_tokens import NoGitTokenError, find_end, get_git_token, make_git_token

SITE, REMOTE = "https://gitlab.example.org", "https://gitlab.example.org/alice/tank.git"
TOKENS: dict[str, Any] = {
    "access_token": "glat", "refresh_token": "glrt", "created_at": 1_800_000_000,
    "expires_in": 7200, "scope": "read_user read_api write_repository",
}  # fmt: skip


class SignIn:
    """A sign-in by GitLab."""

    def __init__(self, access: str = "write", *, stays: bool = True) -> None:
        self.gitlab_url, self.git_access, self.stays = SITE, access, stays
        self.asked: list[Any] = []

    async def refresh_user(self, user: Any) -> bool:  # noqa: ANN401 - JupyterHub's
        self.asked.append(user)
        return self.stays


class User:
    """Somebody, with what GitLab gave at their sign-in."""

    def __init__(self, tokens: dict[str, Any] | None) -> None:
        self.tokens = tokens

    async def get_auth_state(self) -> dict[str, Any] | None:
        return None if self.tokens is None else {"token_response": self.tokens, "subject": "1"}


async def test_the_access_token_is_told_and_nothing_else_once_gitlab_was_asked() -> None:
    sign_in, user = SignIn(), User(TOKENS)
    found = await get_git_token(sign_in, user, REMOTE)
    assert (found.token, found.may_write) == ("glat", True)
    assert found.expires_at is not None
    assert found.expires_at.timestamp() == 1_800_007_200
    assert "glrt" not in found.model_dump_json()
    assert "glat" not in repr(found)
    assert sign_in.asked == [user]


async def test_a_sign_in_that_ended_is_to_be_made_anew() -> None:
    for sign_in, user in ((SignIn(stays=False), User(TOKENS)), (SignIn(), User(None))):
        with pytest.raises(NoGitTokenError, match="Sign out of TwinHub and in again"):
            await get_git_token(sign_in, user, REMOTE)


@pytest.mark.d4(35)
async def test_no_address_elsewhere_gets_a_token_and_gitlab_is_not_even_asked() -> None:
    sign_in = SignIn()
    with pytest.raises(NoGitTokenError, match="opens no repository elsewhere"):
        await get_git_token(sign_in, User(TOKENS), "https://evil.example.org/alice/tank.git")
    with pytest.raises(NoGitTokenError, match=r"to set auth\.gitlab\.git_access"):
        await get_git_token(SignIn("none"), User(TOKENS), REMOTE)
    assert sign_in.asked == []


@pytest.mark.parametrize(
    ("access", "scope", "is_enough"),
    [
        ("read", "read_user read_api read_repository", True),
        ("read", "read_user read_api", False),
        ("write", "read_user read_api read_repository", False),
        ("write", "read_user read_api write_repository", True),
        ("write", None, True),
    ],
)
def test_a_sign_in_without_the_scope_is_told_what_to_do(
    access: str, scope: str | None, *, is_enough: bool
) -> None:
    tokens = TOKENS | {"scope": scope}
    if is_enough:
        assert make_git_token(tokens, access).may_write == (access == "write")
        return
    with pytest.raises(NoGitTokenError, match=f"should tick {access}_repository"):
        make_git_token(tokens, access)


def test_a_token_without_a_time_ends_nobody_knows_when() -> None:
    assert find_end({"access_token": "x", "expires_in": 7200}) is None
    assert find_end({"created_at": None, "expires_in": 7200}) is None
    assert find_end(TOKENS) == 1_800_007_200
