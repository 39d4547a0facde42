"""Sign-in with a password: how often, and what is remembered and recorded of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from http import HTTPStatus
from pathlib import Path
from time import process_time
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher
from tornado.web import HTTPError
from twinhub_hub import audit
from twinhub_hub.auth import passwords
from twinhub_hub.auth.native import NativeAuthenticator
from twinhub_hub.auth.passwords import WRONG_ATTEMPTS
from twinhub_hub.native_accounts import add_account

USER = "alice"
_HANDLER = SimpleNamespace(
    request=SimpleNamespace(remote_ip="192.0.2.1"), find_user=lambda _name: None
)


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


async def sign_in(authenticator: NativeAuthenticator, name: str, password: str) -> str | int | None:
    """Return who has signed in, or the status of a refusal."""
    form = {"username": name, "password": password}
    try:
        found = await authenticator.get_authenticated_user(_HANDLER, form)
    except HTTPError as error:
        return int(error.status_code)
    return str(found["name"]) if found else None


@pytest.mark.d4(12)
def test_guesses_at_once_are_limited_like_guesses_one_after_another(
    authenticator: NativeAuthenticator, password: str
) -> None:
    async def guess() -> list[str | int | None]:
        guesses = (sign_in(authenticator, USER, "wrong") for _ in range(WRONG_ATTEMPTS + 5))
        return await asyncio.gather(*guesses)

    found = Counter(asyncio.run(guess()))
    assert found == {None: WRONG_ATTEMPTS, HTTPStatus.TOO_MANY_REQUESTS: 5}


@pytest.mark.d4(12)
def test_right_passwords_are_never_counted(
    authenticator: NativeAuthenticator, password: str
) -> None:
    for _ in range(WRONG_ATTEMPTS + 1):
        assert asyncio.run(sign_in(authenticator, USER, password)) == USER


@pytest.mark.d4(10)
@pytest.mark.d4(12)
@pytest.mark.parametrize("name", ["x" * 900_000, "x" * 201, "hub", "a/b", "", "alice "])
def test_a_name_that_nobody_can_have_is_answered_and_not_remembered(
    authenticator: NativeAuthenticator, password: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_NOBODY", PasswordHasher().hash("nobody"))
    assert asyncio.run(sign_in(authenticator, name, password)) is None
    assert len(authenticator._attempts) == 0


def test_a_name_that_nobody_can_have_takes_as_long_as_an_unknown_one(
    authenticator: NativeAuthenticator,
) -> None:
    work = {}
    for name in ("nobody", "a/b"):
        before = process_time()  # of all threads, however busy the machine is
        asyncio.run(sign_in(authenticator, name, "wrong"))
        work[name] = process_time() - before
    assert work["a/b"] > work["nobody"] / 3


@pytest.mark.d4(12)
def test_attempts_that_come_too_soon_are_one_line_of_the_trail(
    authenticator: NativeAuthenticator, password: str
) -> None:
    async def guess() -> None:
        for name in ("alice", "Alice", "ALICE") * WRONG_ATTEMPTS:
            await sign_in(authenticator, name, "")

    asyncio.run(guess())
    assert not Path(authenticator.audit_file).exists()
    found = [event.get("status") for event in audit.read(Path(authenticator.audit_file))]
    assert found == [None] * WRONG_ATTEMPTS + [HTTPStatus.TOO_MANY_REQUESTS]
