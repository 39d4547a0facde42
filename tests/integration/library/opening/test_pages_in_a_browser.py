"""Pages of open links in a browser: read by everybody, without a script of ours or of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from twinhub_api.names import label_for
from twinhub_library.library import open_library
from twinhub_library.settings import LibrarySettings

from tests.fixtures.browser import screenshot
from tests.fixtures.page_audit import faults_of
from tests.unit.library.opening.conftest import PUBLISHED, publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext

    from tests.fixtures.library import RunningLibrary

pytestmark = [pytest.mark.browser]
TANK = "/open/common/models/tank"
USER = label_for("user")


@pytest.fixture(name="address")
def _address(library_root: Path, running_library: Callable[..., RunningLibrary]) -> str:
    """Return the address of a library in which assets and a collection are published."""
    settings = LibrarySettings(library_root, library_root / ".library" / "state")
    with open_library(settings) as library:
        for one in PUBLISHED:
            publish(library, library_root, *one)
    (library_root / USER).mkdir()
    return running_library(library_root).url


@pytest.fixture(name="visitor", params=["light", "dark"])
def _visitor(browser: Browser, request: pytest.FixtureRequest) -> BrowserContext:
    """Return a visitor whose browser runs no script of a page, in light and dark."""
    context = browser.new_context(
        color_scheme=request.param, viewport={"width": 900, "height": 700}
    )
    request.addfinalizer(context.close)  # noqa: PT021 - the browser outlives it
    return context


def test_link_is_opened_by_keyboard_and_every_page_is_for_everybody(
    address: str, visitor: BrowserContext, library_root: Path
) -> None:
    page = visitor.new_page()
    elsewhere = []
    page.on("request", lambda one: None if one.url.startswith(address) else elsewhere.append(one))

    page.goto(f"{address}{TANK}@1.0.0")
    assert faults_of(page) == []
    button = page.get_by_role("button", name="Copy it and open")
    for _ in range(10):
        page.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Heated tank was copied")
    assert faults_of(page) == []

    (library_root / USER / "models/tank/start.md").write_text("mine\n")
    page.goto(f"{address}{TANK}")
    assert faults_of(page) == []
    page.get_by_role("button", name="Update and open").click()
    expect(page.get_by_text("changed on both sides", exact=False).first).to_be_visible()
    assert faults_of(page) == []
    screenshot(page, "open-link-report")

    for path in ("collections", "common/models/tnak", "opened", "collections/course"):
        page.goto(f"{address}/open/{path}")
        assert faults_of(page) == [], path
    page.get_by_role("button", name="Copy everything").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Digital twins was copied")
    assert faults_of(page) == []
    screenshot(page, "open-collection-report")
    assert elsewhere == []
