"""Generated passwords: random, kept hashed, never lost half-way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from twinhub_hub.accounts import ensure_accounts, generate_password
from twinhub_hub.operate.errors import OperateError
from twinhub_hub.settings.auth import TrialAccount

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ACCOUNTS = [TrialAccount(name="ada"), TrialAccount(name="bob")]


def ensure(folder: Path, accounts: list[TrialAccount] = ACCOUNTS) -> Mapping[str, str]:
    hashes, passwords = folder / "hashes", folder / "passwords"
    return ensure_accounts(accounts, hashes=hashes, passwords=passwords)


@pytest.mark.d4(68)
def test_no_two_passwords_are_alike() -> None:
    assert len({generate_password() for _ in range(1000)}) == 1000


@pytest.mark.d4(7)
def test_only_hashes_of_passwords_are_what_the_hub_reads(tmp_path: Path) -> None:
    shown = ensure(tmp_path)
    hashes = json.loads((tmp_path / "hashes").read_text())
    for name, password in shown.items():
        assert password not in (tmp_path / "hashes").read_text()
        assert PasswordHasher().verify(hashes[name], password)
    assert (tmp_path / "hashes").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "passwords").stat().st_mode & 0o777 == 0o600


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    first = ensure(tmp_path)
    before = (tmp_path / "hashes").stat().st_mtime_ns
    assert ensure(tmp_path) == first
    assert (tmp_path / "hashes").stat().st_mtime_ns == before


def test_a_new_account_leaves_the_others_alone(tmp_path: Path) -> None:
    first = ensure(tmp_path)
    more = ensure(tmp_path, [*ACCOUNTS, TrialAccount(name="eve")])
    assert {name: more[name] for name in first} == first
    assert set(more) == {"ada", "bob", "eve"}


def test_an_account_that_is_gone_cannot_sign_in(tmp_path: Path) -> None:
    ensure(tmp_path)
    ensure(tmp_path, ACCOUNTS[:1])
    assert set(json.loads((tmp_path / "hashes").read_text())) == {"ada"}


def test_passwords_that_were_noted_and_deleted_stay_unseen(tmp_path: Path) -> None:
    ensure(tmp_path)
    (tmp_path / "passwords").unlink()
    before = (tmp_path / "hashes").read_text()
    assert ensure(tmp_path) == {}
    assert (tmp_path / "hashes").read_text() == before


def test_a_file_that_is_no_json_is_named_with_its_line(tmp_path: Path) -> None:
    ensure(tmp_path)
    (tmp_path / "hashes").write_text('{\n "ada": "x",\n}')
    with pytest.raises(OperateError, match=r"hashes:3:1: not JSON"):
        ensure(tmp_path)


def test_a_crash_between_the_two_files_loses_no_password(tmp_path: Path) -> None:
    shown = ensure(tmp_path)
    (tmp_path / "hashes").unlink()  # as if killed after the first file
    again = ensure(tmp_path)
    hashes = json.loads((tmp_path / "hashes").read_text())
    assert set(again) == set(shown)
    for name, password in again.items():
        assert PasswordHasher().verify(hashes[name], password)
