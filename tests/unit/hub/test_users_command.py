"""`twinhub users` before the first start: lists that cannot be read, roles, the last admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_hub.cli.main import main
from twinhub_hub.native_accounts import NO_ADMIN, load_accounts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with accounts of its own, of which one is an admin's."""
    monkeypatch.setenv("TWINHUB_HOME", str(tmp_path))
    (tmp_path / "twinhub.yaml").write_text("auth: {method: native}\n", "utf-8")
    assert main(["users", "add", "ada", "--role", "admin"]) == 0
    return tmp_path


def import_list(home: Path, text: str) -> None:
    """Import a list, which works."""
    (home / "list.csv").write_text(f"name,role\n{text}\n", "utf-8")
    assert main(["users", "import", str(home / "list.csv")]) == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none.csv", "There is no file {}"),
        ("twinhub.yaml/list.csv", "There is no file {}"),
        ("secrets", "{} is a folder; name the list in it"),
    ],
)
def test_a_list_that_cannot_be_read_is_wrong_input(
    home: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    assert main(["users", "import", str(home / name)]) == 2
    assert capsys.readouterr().err == said.format(home / name) + "\n"


def test_who_takes_the_last_admin_is_told_and_which_roles_changed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    import_list(home, "bob,user")
    assert capsys.readouterr().err == ""
    import_list(home, "ada,user\nbob,user")
    out, err = capsys.readouterr()
    assert out == "0 added, 1 changed, 1 as they were.\nada: admin -> user\n"
    assert err.splitlines() == list(NO_ADMIN)
    assert load_accounts(home / "secrets" / "native-accounts.json")["ada"].role == "user"
    import_list(home, "bob,admin")
    assert capsys.readouterr().err == ""
