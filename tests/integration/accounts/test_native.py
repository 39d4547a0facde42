"""Accounts are added, imported, changed while the hub runs, and sign in."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.auth.passwords import WRONG_ATTEMPTS

from tests.fixtures.hub_client import HubClient
from tests.fixtures.waiting import wait_for
from tests.integration.accounts.accounts import add, generated, read_accounts, signed_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_SECONDS = 60


def import_list(lab: TestInstallation, folder: Path, text: str) -> str:
    """Import a list; return what the command says."""
    file = folder / "course.csv"
    file.write_text(text, "utf-8")
    done = lab.run("users", "import", str(file))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_an_admin_the_start_says_how_to_make_one(
    lab: TestInstallation, tmp_path: Path
) -> None:
    password = add(lab, "root", "admin")
    admins = [name for name, kept in read_accounts(lab).items() if kept["role"] == "admin"]
    import_list(lab, tmp_path, "name,role\n" + "".join(f"{name},user\n" for name in admins))
    assert "twinhub users add NAME --role admin" in lab.run("up").stdout
    add(lab, "root2", "admin")
    deleted = lab.run("users", "delete", "root2", "--yes")
    assert (deleted.returncode, "users add NAME --role admin" in deleted.stderr) == (0, True)
    import_list(lab, tmp_path, "name,role\nroot,admin\n")
    assert "users add" not in lab.run("up").stdout
    with signed_in(lab, "root", password) as root:
        assert root.api("GET", "/user").json()["admin"] is True


@pytest.mark.d4(59)
def test_an_imported_account_signs_in_while_the_hub_runs_on(
    lab: TestInstallation, tmp_path: Path
) -> None:
    pid = lab.pids()["hub"]
    text = "name,role,password\nAnn.Other,instructor,\nben,user,correct horse battery\n"
    said = import_list(lab, tmp_path, text)
    assert said.startswith("2 added, 0 changed, 0 as they were.")
    passwords = generated(said)
    assert set(passwords) == {"ann.other"}
    with signed_in(lab, "Ann.Other", passwords["ann.other"]) as ann:
        user = ann.api("GET", "/user").json()
        assert (user["name"], user["groups"]) == ("ann.other", ["instructor"])
        again = import_list(lab, tmp_path, text.replace("instructor", "user"))
        assert again.startswith("0 added, 2 changed, 0 as they were.")
        wait_for(
            lambda: ann.get("/hub/home") and ann.api("GET", "/user").json()["groups"] == [],
            seconds=_SECONDS, what="another role",
        )  # fmt: skip
    with signed_in(lab, "ben", "correct horse battery"):
        pass
    assert lab.pids()["hub"] == pid
    assert "ann.other  user" in lab.run("users", "list").stdout


def test_who_an_admin_puts_into_a_group_stays_in_it(lab: TestInstallation, tmp_path: Path) -> None:
    with (
        signed_in(lab, "head", add(lab, "head", "admin")) as head,
        signed_in(lab, "gus", password := add(lab, "gus", "instructor")) as gus,
    ):
        assert head.api("POST", "/groups/exam").status_code == 201
        assert head.api("POST", "/groups/exam/users", {"users": ["gus"]}).status_code == 200
        import_list(lab, tmp_path, "name,role\ngus,user\n")
        wait_for(
            lambda: gus.get("/hub/home") and gus.api("GET", "/user").json()["groups"] == ["exam"],
            seconds=_SECONDS, what="the group alone, once the role is another",
        )  # fmt: skip
        with signed_in(lab, "gus", password) as again:
            assert again.api("GET", "/user").json()["groups"] == ["exam"]
        head.api("DELETE", "/groups/exam/users", {"users": ["gus"]})
        wait_for(
            lambda: gus.get("/hub/home") and gus.api("GET", "/user").json()["groups"] == [],
            seconds=_SECONDS, what="the end of a membership",
        )  # fmt: skip


def test_a_list_with_faults_changes_nothing_and_names_each_line(
    lab: TestInstallation, tmp_path: Path
) -> None:
    add(lab, "before")
    before = read_accounts(lab)
    file = tmp_path / "course.csv"
    file.write_text("name,role\nfine,user\nhub,user\nx,boss\nfine,admin\n")
    done = lab.run("users", "import", str(file))
    assert done.returncode == 2
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [
        f"{file}:3", f"{file}:4", f"{file}:5",
    ]  # fmt: skip
    assert read_accounts(lab) == before


def test_a_reset_password_holds_at_once(lab: TestInstallation) -> None:
    old = add(lab, "carl")
    done = lab.run("users", "reset-password", "carl")
    with signed_in(lab, "carl", done.stdout.split()[-1]):
        pass
    client = HubClient(lab, "carl")
    assert client.sign_in(old).status_code == HTTPStatus.FORBIDDEN
    client.close()


@pytest.mark.d4(12)
def test_wrong_passwords_are_limited_however_the_name_is_written(lab: TestInstallation) -> None:
    password = add(lab, "dora")
    client = HubClient(lab, "dora")
    for number in range(WRONG_ATTEMPTS):
        client.user = ("dora", "Dora", "DORA")[number % 3]
        assert client.sign_in("wrong").status_code == HTTPStatus.FORBIDDEN
    client.user = "dORA"
    assert client.sign_in(password).status_code == HTTPStatus.TOO_MANY_REQUESTS
    client.close()
