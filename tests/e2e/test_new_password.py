"""An admin gives somebody a new password in the browser."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.e2e.test_pages import sign_in
from tests.fixtures.browser import screenshot
from tests.fixtures.hub_client import HubClient
from tests.fixtures.page_audit import faults_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]

USER = "alice"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def ask(session: HubClient, **headers: str) -> int:
    """Send the form and return the status."""
    body = urlencode({"username": USER}).encode()
    return session.post("/hub/new-password", content=body, headers=_FORM | headers).status_code


def test_a_new_password_is_shown_once_and_holds(page: Page, installation: TestInstallation) -> None:
    before = installation.password(USER)
    sign_in(page, installation, "admin")
    page.goto(f"{installation.address}/hub/admin")
    page.get_by_label("Somebody forgot the password").fill(USER)
    screenshot(page, "hub-admin-password")
    page.get_by_role("button", name="Give a new password").click()
    expect(page.get_by_role("heading", name="New password")).to_be_visible()
    assert faults_of(page) == []
    screenshot(page, "hub-new-password")
    shown = page.locator("code").inner_text()
    assert shown != before
    with HubClient(installation, USER) as session:
        assert session.sign_in(before).status_code == HTTPStatus.FORBIDDEN
        assert session.sign_in(shown).url.path == "/hub/home"
    page.go_back()
    page.get_by_label("Somebody forgot the password").fill("nobody-here")
    page.get_by_role("button", name="Give a new password").click()
    expect(page.get_by_text("No password was changed.")).to_be_visible()


@pytest.mark.d4(2)
@pytest.mark.d4(13)
@pytest.mark.parametrize(
    ("user", "form"), [("instructor", "own"), ("bob", "own"), ("admin", "foreign")]
)
def test_nobody_else_can_ask_for_one(installation: TestInstallation, user: str, form: str) -> None:
    before = installation.password(USER)
    with HubClient(installation, user) as session:
        assert ask(session, **(session.xsrf if form == "own" else {})) == HTTPStatus.FORBIDDEN
    assert installation.password(USER) == before
