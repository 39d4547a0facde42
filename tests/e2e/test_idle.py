"""The notice before a workspace stops, on the hub's home page and in JupyterLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.test_pages import sign_in
from tests.fixtures.browser import open_lab, screenshot
from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import running_installation
from tests.fixtures.page_audit import faults_of
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]

_USER = "alice"
_SETTINGS = """
workspace:
  idle_hours: 0.01
"""
_SITE = 'c.Spawner.environment["TWINHUB_REPORT_SECONDS"] = "1"\n'
_MS = 60_000


@pytest.fixture(scope="module")
def hurried() -> Iterator[TestInstallation]:
    """An installation whose workspaces stop after half a minute; its culler begins later."""
    with running_installation(settings=_SETTINGS, site_python=_SITE) as installation:
        yield installation


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_home_page_says_what_was_seen_and_keeps_the_workspace(
    browser: Browser, hurried: TestInstallation, scheme: str
) -> None:
    with HubClient(hurried, _USER) as client:
        client.stop()
        client.start()
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    try:
        page = context.new_page()
        sign_in(page, hurried, _USER)

        def is_told() -> bool:
            page.reload()
            return page.get_by_text("Idle since").is_visible()

        wait_for(is_told, seconds=_MS / 1000, what="what was seen")
        assert faults_of(page) == []
        screenshot(page, f"hub-idle-{scheme}")
        page.get_by_role("button", name="Keep it for 12 hours").click()
        expect(page.get_by_role("button", name="Keep it for 12 hours")).to_have_count(0)
        screenshot(page, f"hub-kept-{scheme}")
    finally:
        context.close()


def test_jupyterlab_gives_notice_and_keeps_the_workspace(
    page: Page, hurried: TestInstallation
) -> None:
    with HubClient(hurried, _USER) as client:
        client.stop()
    open_lab(page, hurried, _USER)
    notice = page.get_by_text("This workspace is idle")
    expect(notice).to_be_visible(timeout=2 * _MS)
    keep = page.get_by_role("button", name="Keep it 12 h")
    keep.hover()  # it has slid in
    screenshot(page, "lab-idle-notice")
    keep.click()
    expect(page.get_by_text("The workspace is kept until")).to_be_visible(timeout=_MS)
    screenshot(page, "lab-idle-kept")
    expect(notice).to_be_hidden()
    with HubClient(hurried, _USER) as client:
        client.sign_in()
        kept = client.servers()[""]["last_activity"]
        assert isinstance(kept, str)
