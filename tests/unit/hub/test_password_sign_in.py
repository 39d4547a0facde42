"""Sign-in with a password: how often, and what is remembered and recorded of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from http import HTTPStatus
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from tornado.web import HTTPError
from twinhub_hub.auth.native import NativeAuthenticator
from twinhub_hub.auth.passwords import WRONG_ATTEMPTS
from twinhub_hub.native_accounts import add_account

if TYPE_CHECKING:
    from pathlib import Path

USER = "alice"
_HANDLER = SimpleNamespace(request=SimpleNamespace(remote_ip="192.0.2.1"))


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    return tmp_path / "accounts.json"


@pytest.fixture
def password(accounts: Path) -> str:
    return add_account(accounts, USER, role="user")


@pytest.fixture
def authenticator(tmp_path: Path, accounts: Path) -> NativeAuthenticator:
    return NativeAuthenticator(
        accounts_file=str(accounts), deletions=str(tmp_path / "deletions"),
        audit_file=str(tmp_path / "audit.jsonl"), allow_all=True,
    )  # fmt: skip


async def sign_in(authenticator: NativeAuthenticator, name: str, password: str) -> Any:
    """Return what the hub is told, or the status of a refusal."""
    try:
        return await authenticator.get_authenticated_user(
            _HANDLER, {"username": name, "password": password}
        )
    except HTTPError as error:
        return error.status_code


@pytest.mark.d4(12)
def test_guesses_at_once_are_limited_like_guesses_one_after_another(
    authenticator: NativeAuthenticator, password: str
) -> None:
    async def guess() -> list[Any]:
        guesses = (sign_in(authenticator, USER, "wrong") for _ in range(3 * WRONG_ATTEMPTS))
        return await asyncio.gather(*guesses)

    found = Counter(asyncio.run(guess()))
    assert found == {None: WRONG_ATTEMPTS, HTTPStatus.TOO_MANY_REQUESTS: 2 * WRONG_ATTEMPTS}


@pytest.mark.d4(12)
def test_right_passwords_are_never_counted(
    authenticator: NativeAuthenticator, password: str
) -> None:
    for _ in range(WRONG_ATTEMPTS + 1):
        assert asyncio.run(sign_in(authenticator, USER, password))["name"] == USER
