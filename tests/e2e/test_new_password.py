"""An admin gives somebody a new password in the browser."""

from __future__ import annotations

import fcntl
import os
import signal
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.test_pages import sign_in
from tests.fixtures.browser import screenshot
from tests.fixtures.hub_client import HubClient, to_loopback
from tests.fixtures.page_audit import faults_of
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]

USER = "alice"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def ask(
    session: HubClient, user: str = USER, *, sign_out: bool = False, foreign: bool = False
) -> int:
    """Send the form, or what another site could, and return the status."""
    body = urlencode({"username": user} | ({"sign_out": "yes"} if sign_out else {})).encode()
    headers = _FORM | ({} if foreign else session.xsrf)
    return session.post("/hub/new-password", content=body, headers=headers).status_code


def choose(page: Page, installation: TestInstallation, user: str) -> None:
    """Name an account in the admin panel."""
    page.goto(f"{installation.address}/hub/admin")
    page.get_by_label("Somebody forgot the password").fill(user)
    page.get_by_role("button", name="Give a new password").click()


@contextmanager
def another_command(installation: TestInstallation) -> Iterator[None]:
    """Hold what `twinhub up` and `backup` hold while they work."""
    with (installation.home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def who_asks(installation: TestInstallation, token: str) -> dict[str, Any] | None:
    """Return whose token this is, or None when it opens nothing."""
    headers = {"Authorization": f"token {token}"}
    with httpx.Client(transport=to_loopback(installation), headers=headers) as client:
        answer = client.get(f"{installation.address}/hub/api/user")
    found: dict[str, Any] = answer.json()
    return found if answer.status_code == HTTPStatus.OK else None


def own_token(installation: TestInstallation, user: str) -> str:
    """The token that a workspace runs with."""
    given = installation.container(user).attrs["Config"]["Env"]
    return str(dict(line.split("=", 1) for line in given)["JUPYTERHUB_API_TOKEN"])


def is_signed_in(session: HubClient) -> bool:
    """Whether a session still opens the hub's pages."""
    return session.get("/hub/home").url.path == "/hub/home"


def restart_hub(installation: TestInstallation, session: HubClient) -> None:
    """Kill the hub and wait until the supervisor's new one answers."""
    os.kill(installation.pids()["hub"], signal.SIGKILL)

    def answers() -> bool:
        try:
            return session.get("/hub/health").status_code == HTTPStatus.OK
        except httpx.TransportError:
            return False

    wait_for(lambda: not answers(), seconds=30, what="a hub that is gone")
    wait_for(answers, seconds=60, what="a new hub")


def test_a_new_password_is_shown_once_and_holds(page: Page, installation: TestInstallation) -> None:
    before = installation.password(USER)
    sign_in(page, installation, "admin")
    choose(page, installation, USER)
    expect(page.get_by_role("heading", name=f"A new password for {USER}?")).to_be_visible()
    expect(page.get_by_label("Sign them out everywhere")).to_be_checked()
    assert faults_of(page) == []
    screenshot(page, "hub-confirm-password")
    assert installation.password(USER) == before, "changed before it was confirmed"
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("heading", name="New password")).to_be_visible()
    assert faults_of(page) == []
    screenshot(page, "hub-new-password")
    shown = page.locator("code").inner_text()
    assert shown != before
    with HubClient(installation, USER) as session:
        assert session.sign_in(before).status_code == HTTPStatus.FORBIDDEN
        assert session.sign_in(shown).url.path == "/hub/home"


def test_a_name_without_an_account_changes_nothing(
    page: Page, installation: TestInstallation
) -> None:
    before = installation.password(USER)
    sign_in(page, installation, "admin")
    choose(page, installation, "nobody-here")
    expect(page.get_by_role("heading", name="No such account")).to_be_visible()
    expect(page.get_by_text("No password was changed.")).to_contain_text("'nobody-here'")
    expect(page.get_by_text("There are: admin, alice")).to_be_visible()
    assert "`" not in page.locator("main, .container").first.inner_text()
    assert faults_of(page) == []
    with HubClient(installation, "admin") as admin:
        assert ask(admin, "nobody-here") == HTTPStatus.NOT_FOUND
        found = admin.get("/hub/new-password?username=nobody-here")
        assert found.status_code == HTTPStatus.NOT_FOUND
    page.get_by_role("link", name="Back to Admin").click()
    expect(page.get_by_label("Somebody forgot the password")).to_be_visible()
    assert installation.password(USER) == before


@pytest.mark.parametrize("chosen", ["yes", "no"])
def test_who_had_the_old_password_is_signed_out_if_so_chosen(
    page: Page, installation: TestInstallation, chosen: str
) -> None:
    with HubClient(installation, "bob") as thief:
        token = thief.bearer()["Authorization"].removeprefix("token ")
        sign_in(page, installation, "admin")
        choose(page, installation, "bob")
        page.get_by_label("Sign them out everywhere").set_checked(chosen == "yes")
        page.get_by_role("button", name="Change the password").click()
        expect(page.get_by_role("heading", name="New password")).to_be_visible()
        assert is_signed_in(thief) is (chosen == "no")
        assert (who_asks(installation, token) is None) is (chosen == "yes")


def test_who_is_signed_out_everywhere_keeps_workspace_and_rights(
    installation: TestInstallation,
) -> None:
    with HubClient(installation, "instructor") as user, HubClient(installation, "admin") as admin:
        user.start()
        own = own_token(installation, "instructor")
        forged = {"note": "Server at /user/instructor/"}
        made = user.api("POST", "/users/instructor/tokens", forged).json()
        restart_hub(installation, admin)
        assert ask(admin, "instructor", sign_out=True) == HTTPStatus.OK
        assert not is_signed_in(user)
        assert who_asks(installation, str(made["token"])) is None
        assert who_asks(installation, own) is not None
        user.sign_in()
        assert user.is_ready()
        assert user.api("GET", "/user").json()["groups"] == ["instructor"]
        assert ask(admin, "admin", sign_out=True) == HTTPStatus.OK
        admin.sign_in()
        assert admin.api("GET", "/user").json()["admin"] is True
        user.stop()
        assert ask(admin, "instructor", sign_out=True) == HTTPStatus.OK
    assert who_asks(installation, own) is None


def test_while_another_command_works_an_admin_is_told_to_come_back(
    installation: TestInstallation,
) -> None:
    before, log = installation.password(USER), len(installation.log("hub"))
    with HubClient(installation, "admin") as admin:
        with another_command(installation):
            assert ask(admin) == HTTPStatus.CONFLICT
        assert installation.password(USER) == before
        assert "waiting:" not in installation.log("hub")[log:]
        assert ask(admin) == HTTPStatus.OK


@pytest.mark.d4(2)
@pytest.mark.d4(13)
@pytest.mark.parametrize(
    ("user", "form"), [("instructor", "own"), ("bob", "own"), ("admin", "foreign")]
)
def test_nobody_else_can_ask_for_one(installation: TestInstallation, user: str, form: str) -> None:
    before = installation.password(USER)
    with HubClient(installation, user) as session:
        assert ask(session, foreign=form == "foreign") == HTTPStatus.FORBIDDEN
    assert installation.password(USER) == before


@pytest.mark.d4(13)
@pytest.mark.parametrize("user", ["instructor", "bob"])
def test_nobody_else_learns_which_accounts_there_are(
    installation: TestInstallation, user: str
) -> None:
    with HubClient(installation, user) as session:
        for name in (USER, "nobody-here"):
            answer = session.get(f"/hub/new-password?username={name}")
            assert answer.status_code == HTTPStatus.FORBIDDEN
