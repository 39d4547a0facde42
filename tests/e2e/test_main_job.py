"""The main job, as a person does it in a browser: sign in, workspace, terminal, twin, notebook."""

from __future__ import annotations

import json
import re
from contextlib import closing
from typing import TYPE_CHECKING, Any, Literal

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import open_lab, screenshot, sign_in
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]

TWIN = "heated-tank"
PHASES = (
    f"cp -r /workspace/common/digital_twins/{TWIN} /workspace/digital_twins/ && "
    f"cd /workspace/digital_twins/{TWIN} && "
    "./lifecycle/create && ./lifecycle/execute && ./lifecycle/analyse"
)
_PHASES_SECONDS = 90
_NOTEBOOK_SECONDS = 120


@pytest.fixture(scope="module")
def alice(browser: Browser, installation: TestInstallation) -> BrowserContext:
    """Alice, signed in, with her workspace open."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    open_lab(context.new_page(), installation, "alice")
    return context


@pytest.fixture
def lab(alice: BrowserContext) -> Page:
    """A fresh JupyterLab page of alice."""
    page = alice.pages[0]
    page.goto(f"{page.url.split('/lab')[0]}/lab?reset")
    expect(page.get_by_role("menuitem", name="File")).to_be_visible(timeout=60_000)
    return page


def run_in_terminal(page: Page, command: str, *, done: Path) -> None:
    """Type a command into a new terminal and wait until it has ended; ``done`` is on the host."""
    page.goto(f"{page.url.split('/lab')[0]}/lab?reset")  # whatever was open before
    page.locator(".jp-LauncherCard").filter(has_text="Terminal").click()
    page.locator(".jp-Terminal .xterm-helper-textarea").wait_for(state="attached")
    page.locator(".jp-Terminal .xterm-screen").click()
    page.keyboard.type(f"{{ {command}; }}; echo $? > /workspace/{done.name}")
    page.keyboard.press("Enter")
    code = wait_for(
        lambda: done.exists() and done.read_text().strip(), seconds=_PHASES_SECONDS, what=command
    )
    assert code == "0"


@pytest.fixture(scope="module")
def twin(alice: BrowserContext, installation: TestInstallation) -> Path:
    """The twin's folder on the host, after its phases ran in a terminal of JupyterLab."""
    folder = installation.folder("alice")
    run_in_terminal(alice.pages[0], PHASES, done=folder / "phases-ended.txt")
    screenshot(alice.pages[0], "terminal-light")
    return folder / "digital_twins" / TWIN


def test_a_twin_runs_in_the_terminal_and_its_result_is_on_the_host(
    twin: Path, installation: TestInstallation
) -> None:
    result = twin / "output" / "analysis.json"
    analysis = json.loads(result.read_text())
    assert 10 < analysis["energy_kWh"]["electric"] < 11  # 12 kW for part of two hours
    assert result.stat().st_uid == int(installation.setting("uid"))


@pytest.mark.usefixtures("twin")
def test_the_result_is_visible_in_lab(lab: Page) -> None:
    for folder in ("digital_twins", TWIN, "output"):
        lab.locator(".jp-DirListing-item").filter(has_text=folder).first.dblclick()
        expect(lab.locator(".jp-BreadCrumbs")).to_contain_text(folder)
    lab.locator(".jp-DirListing-item").filter(has_text="result.csv").dblclick()
    expect(lab.locator(".jp-CSVViewer")).to_be_visible()
    screenshot(lab, "result-light")


def test_the_notebook_runs_top_to_bottom(lab: Page, twin: Path) -> None:
    origin = lab.url.split("/lab")[0]
    lab.goto(f"{origin}/lab/tree/digital_twins/{TWIN}/{TWIN}.ipynb?reset")
    expect(lab.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=60_000)
    # cells that are run before their kernel is there are passed over
    expect(lab.get_by_text("Python 3 (TwinHub) | Idle")).to_be_visible(timeout=60_000)
    lab.get_by_role("menuitem", name="Run", exact=True).click()
    lab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    path = twin / f"{TWIN}.ipynb"
    cells = wait_for(lambda: _saved_cells(lab, path), seconds=_NOTEBOOK_SECONDS, what="all cells")
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert [output for output in outputs if "image/png" in output.get("data", {})]
    screenshot(lab, "notebook-light")


def _saved_cells(lab: Page, path: Path) -> list[dict[str, Any]]:
    """The notebook's code cells as they are on the host, once each has been run; else nothing."""
    with lab.expect_response(lambda one: one.request.method == "PUT" and path.name in one.url):
        lab.get_by_role("menuitem", name="File", exact=True).click()
        lab.get_by_role("menuitem", name=re.compile("^Save Notebook(?! As)")).click()
    notebook = json.loads(path.read_text())
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return cells if all(cell["execution_count"] for cell in cells) else []


@pytest.mark.d4(24)
def test_another_user_sees_the_common_assets_and_nothing_of_the_first(
    context: BrowserContext, installation: TestInstallation
) -> None:
    secret = installation.folder("alice") / "data" / "only-alice.txt"
    secret.write_text("mine")
    page = context.new_page()
    open_lab(page, installation, "bob")
    run_in_terminal(
        page,
        "ls /workspace/common/digital_twins > /workspace/seen.txt; "
        "find / -name only-alice.txt 2>/dev/null >> /workspace/seen.txt; "
        "touch /workspace/common/x 2>> /workspace/seen.txt; true",
        done=installation.folder("bob") / "looked.txt",
    )
    seen = (installation.folder("bob") / "seen.txt").read_text()
    assert TWIN in seen
    assert "only-alice" not in seen
    assert "Read-only file system" in seen
    answer = page.goto(f"{installation.address_of('alice')}/user/alice/api/contents/data")
    assert answer is not None
    assert answer.status in {403, 404}


def test_signing_out_closes_the_door(
    context: BrowserContext, installation: TestInstallation
) -> None:
    page = context.new_page()
    open_lab(page, installation, "bob")
    page.goto(f"{installation.address}/hub/logout")
    page.goto(f"{installation.address}/hub/home")
    expect(page).to_have_url(re.compile("/hub/login"))
    page.goto(f"{installation.address_of('bob')}/user/bob/lab")
    expect(page).to_have_url(re.compile("/hub/login"))


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
