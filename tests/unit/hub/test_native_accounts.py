"""The file of an installation's own accounts: private, whole, and only hashes in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from twinhub_hub import native_accounts
from twinhub_hub.native_accounts import (
    Imported,
    WantedAccount,
    add_account,
    import_accounts,
    load_accounts,
    remove_account,
    renew_password,
)
from twinhub_hub.operate.errors import OperateError

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_hub.native_accounts import Account

ADA, BOB = WantedAccount("ada", "admin"), WantedAccount("bob", "user", "correct horse")


def store(folder: Path) -> Path:
    return folder / "accounts"


def run_import(folder: Path, *wanted: WantedAccount) -> Imported:
    return import_accounts(store(folder), wanted, passwords=folder / "passwords")


def is_right(account: Account, password: str) -> bool:
    return PasswordHasher().verify(account.password_hash, password)


@pytest.mark.d4(7)
def test_only_hashes_are_kept_and_only_generated_passwords_are_written_once(tmp_path: Path) -> None:
    done = run_import(tmp_path, ADA, BOB)
    assert (done.added, done.changed, done.unchanged) == (["ada", "bob"], [], 0)
    passwords = json.loads((tmp_path / "passwords").read_text())
    assert set(passwords) == {"ada"}
    text = store(tmp_path).read_text()
    assert passwords["ada"] not in text
    assert BOB.password not in text
    accounts = load_accounts(store(tmp_path))
    assert is_right(accounts["ada"], passwords["ada"])
    assert is_right(accounts["bob"], BOB.password)
    for path in (store(tmp_path), tmp_path / "passwords"):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_repeated_import_keeps_passwords_and_changes_roles(tmp_path: Path) -> None:
    run_import(tmp_path, ADA)
    before = load_accounts(store(tmp_path))["ada"]
    (tmp_path / "passwords").unlink()
    again = run_import(tmp_path, ADA)
    assert (again.added, again.changed, again.unchanged) == ([], [], 1)
    changed = run_import(tmp_path, WantedAccount("ada", "user"))
    assert (changed.changed, changed.has_passwords) == (["ada"], False)
    after = load_accounts(store(tmp_path))["ada"]
    assert (after.role, after.password_hash) == ("user", before.password_hash)
    assert not (tmp_path / "passwords").exists()


def test_a_name_is_one_account_however_it_is_written(tmp_path: Path) -> None:
    password = add_account(store(tmp_path), "Ann", role="user")
    with pytest.raises(OperateError, match="There is an account 'ann' with the role user"):
        add_account(store(tmp_path), "ANN", role="admin")
    renewed = renew_password(store(tmp_path), "aNN")
    assert renewed != password
    assert is_right(load_accounts(store(tmp_path))["ann"], renewed)
    remove_account(store(tmp_path), "Ann")
    remove_account(store(tmp_path), "Ann")
    with pytest.raises(OperateError, match="There is no account"):
        renew_password(store(tmp_path), "ann")


@pytest.mark.parametrize("text", ["{", "[]", '{"ada": {"role": "user"}}', '{"ada": 1}'])
def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, text: str) -> None:
    store(tmp_path).write_text(text)
    with pytest.raises(OperateError, match="accounts is damaged"):
        add_account(store(tmp_path), "bob", role="user")
    assert store(tmp_path).read_text() == text


@pytest.mark.d4(28)
def test_a_crash_before_the_accounts_are_kept_leaves_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(store(tmp_path), "old", role="admin")

    def fail(path: Path, text: str) -> None:
        raise OSError(path, text)

    monkeypatch.setattr(native_accounts, "write_private", fail)
    with pytest.raises(OSError, match="passwords"):
        run_import(tmp_path, ADA)
    assert set(load_accounts(store(tmp_path))) == {"old"}
