"""The main job, as a person does it in a browser: sign in, workspace, terminal, twin, notebook."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect

from tests.e2e import main_job
from tests.fixtures.browser import open_lab, screenshot, sign_in

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]


@pytest.fixture(scope="module")
def alice(browser: Browser, installation: TestInstallation) -> BrowserContext:
    """Alice, signed in, with her workspace open."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    open_lab(context.new_page(), installation, "alice")
    return context


@pytest.fixture
def lab(alice: BrowserContext) -> Page:
    """Alice's page of JupyterLab."""
    return alice.pages[0]


@pytest.fixture(scope="module")
def twin(alice: BrowserContext, installation: TestInstallation) -> Path:
    """The twin's folder on the host, after its phases ran in a terminal of JupyterLab."""
    folder = main_job.run_phases(alice.pages[0], installation.folder("alice"))
    screenshot(alice.pages[0], "terminal-light")
    return folder


def test_a_twin_runs_in_the_terminal_and_its_result_is_on_the_host(
    twin: Path, installation: TestInstallation
) -> None:
    main_job.check_result_on_host(twin, installation)


@pytest.mark.usefixtures("twin")
def test_the_result_is_visible_in_lab(lab: Page) -> None:
    main_job.open_result(lab)
    screenshot(lab, "result-light")


def test_the_notebook_runs_top_to_bottom(lab: Page, twin: Path) -> None:
    main_job.run_notebook(lab, twin)
    screenshot(lab, "notebook-light")


@pytest.mark.d4(24)
@pytest.mark.usefixtures("alice")
def test_another_user_sees_the_common_assets_and_nothing_of_the_first(
    context: BrowserContext, installation: TestInstallation
) -> None:
    page = context.new_page()
    open_lab(page, installation, "bob")
    main_job.look_for_another(page, installation, "bob", other="alice")


def test_signing_out_closes_the_door(
    context: BrowserContext, installation: TestInstallation
) -> None:
    page = context.new_page()
    open_lab(page, installation, "bob")
    main_job.sign_out(page, installation, "bob")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_jupyterlab_takes_the_colours_of_the_system(
    browser: Browser, installation: TestInstallation, scheme: Literal["light", "dark"]
) -> None:
    with closing(browser.new_context(color_scheme=scheme)) as context:
        page = context.new_page()
        open_lab(page, installation, "alice")
        is_light = "true" if scheme == "light" else "false"
        expect(page.locator("body")).to_have_attribute("data-jp-theme-light", is_light)
        screenshot(page, f"lab-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_asks_for_anything_outside_the_installation(
    browser: Browser, installation: TestInstallation, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(f"{installation.address}/hub/login")
    screenshot(page, f"login-{scheme}")
    sign_in(page, installation, "alice")
    expect(page.get_by_role("menuitem", name="File")).to_be_visible(timeout=60_000)
    context.close()
    own = {
        f"twinhub.localhost:{installation.port}",
        f"alice.twinhub.localhost:{installation.port}",
    }
    assert {host for host in hosts if host} <= own
