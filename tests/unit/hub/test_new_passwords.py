"""New passwords that an admin gives in the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_hub import audit
from twinhub_hub.installation import Installation
from twinhub_hub.native_accounts import add_account, load_accounts
from twinhub_hub.operate.errors import BusyError, NoAccountError
from twinhub_hub.operate.lock import only_one
from twinhub_hub.operate.passwords import HubPasswords
from twinhub_hub.settings.auth import Auth

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    found = Installation(tmp_path)
    found.make_folders()
    add_account(found.native_accounts, "ada", role="user")
    return found


@pytest.fixture
def passwords(installation: Installation) -> HubPasswords:
    return HubPasswords(installation, Auth(method="native"))


def test_while_another_command_works_no_password_is_given_and_nobody_waits(
    installation: Installation, passwords: HubPasswords, capsys: pytest.CaptureFixture[str]
) -> None:
    before = load_accounts(installation.native_accounts)
    with only_one(installation), pytest.raises(BusyError, match="try again in a minute"):
        passwords.renew("ada", by="root", signs_out=True)
    assert load_accounts(installation.native_accounts) == before
    assert not installation.audit_file.exists()
    assert capsys.readouterr().err == ""


def test_a_new_password_is_in_the_trail_with_who_gave_it(
    installation: Installation, passwords: HubPasswords
) -> None:
    passwords.renew("Ada", by="root", signs_out=True)
    (line,) = audit.read(installation.audit_file)
    assert (line["event"], line["user"], line["by"]) == ("password renewed", "ada", "root")


def test_without_a_line_in_the_trail_the_old_password_holds_on(
    installation: Installation, passwords: HubPasswords
) -> None:
    before = load_accounts(installation.native_accounts)
    installation.audit_file.mkdir()
    with pytest.raises(OSError, match=r"audit\.jsonl"):
        passwords.renew("ada", by="root", signs_out=True)
    assert load_accounts(installation.native_accounts) == before


def test_a_name_without_an_account_leaves_no_line(
    installation: Installation, passwords: HubPasswords
) -> None:
    with pytest.raises(NoAccountError, match="There is no account 'bob'") as error:
        passwords.renew("bob", by="root", signs_out=True)
    assert error.value.hint == "`twinhub users list` shows all."
    assert not installation.audit_file.exists()
