"""The page that shows admins how the installation is."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.test_pages import sign_in
from tests.fixtures.browser import screenshot
from tests.fixtures.hub_client import HubClient
from tests.fixtures.page_audit import faults_of
from tests.fixtures.waiting import wait_for
from tests.integration.operate.test_logs import control

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]

PATH = "/hub/installation"


def test_an_admin_sees_processes_and_space(page: Page, installation: TestInstallation) -> None:
    sign_in(page, installation, "admin")
    page.get_by_role("link", name="Installation").click()
    expect(page.get_by_role("heading", name="Installation")).to_be_visible()
    for name in installation.pids():
        row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))
        expect(row).to_contain_text("running")
    for what, state in (("Docker", "answers"), ("Walls around workspaces", "in place")):
        row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=what))
        expect(row.first).to_contain_text(state)
    assert faults_of(page) == []
    screenshot(page, "hub-installation")


def test_an_admin_sees_that_docker_does_not_answer(
    page: Page, installation: TestInstallation
) -> None:
    sign_in(page, installation, "admin")
    page.goto(f"{installation.address}{PATH}")
    problems = page.get_by_role("alert").all_inner_texts()  # such as a disk that is nearly full
    control(installation, "stop", "broker")
    try:
        page.reload()
        expect(page.get_by_role("alert")).to_contain_text("Docker does not answer")
        expect(page.get_by_role("row", name="Docker does not answer")).to_be_visible()
    finally:
        control(installation, "start", "broker")
    expect_problems(page, problems)


def expect_problems(page: Page, problems: list[str]) -> None:
    """Look again until the page tells these problems, and no other."""

    def look() -> bool:
        page.reload()
        return page.get_by_role("alert").all_inner_texts() == problems

    wait_for(look, seconds=30, what="a page as it was before")


@pytest.mark.d4(1)
def test_nobody_else_does(installation: TestInstallation) -> None:
    with HubClient(installation, "instructor") as session:
        assert session.get(PATH).status_code == HTTPStatus.FORBIDDEN
        session.close()
    stranger = HubClient(installation, "alice")
    answer = stranger.get(PATH)
    assert answer.url.path == "/hub/login"
    stranger.close()


def test_an_admins_token_gets_it_as_json(installation: TestInstallation) -> None:
    with HubClient(installation, "admin") as session:
        made = session.api("POST", "/users/admin/tokens", {"expires_in": 60}).json()
    stranger = HubClient(installation, "admin")
    headers = {"Authorization": f"token {made['token']}"}
    found = stranger.get("/hub/api/installation", headers=headers).json()
    stranger.close()
    assert {one["name"] for one in found["processes"]} == set(installation.pids())
    assert {one["name"] for one in found["spaces"]} == {"Installation", "Assets", "Docker"}
    assert found["docker"]["answers"]
    assert found["docker"]["version"]
    assert found["docker"]["walls_stand"] is True
    assert found["certificate"] is None
    assert found["well"] is (found["problems"] == [])
