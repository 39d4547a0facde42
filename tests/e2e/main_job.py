"""The steps of the main job, whatever the way of signing in; each starts in JupyterLab."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.fixtures.installation import TestInstallation

TWIN = "heated-tank"
PHASES = (
    f"cp -r /workspace/common/digital_twins/{TWIN} /workspace/digital_twins/ && "
    f"cd /workspace/digital_twins/{TWIN} && "
    "./lifecycle/create && ./lifecycle/execute && ./lifecycle/analyse"
)
_PHASES_SECONDS = 90
_NOTEBOOK_SECONDS = 120
_START_MS = 60_000


def open_anew(page: Page, path: str = "") -> None:
    """Open a path of JupyterLab, whatever was open before."""
    page.goto(f"{page.url.split('/lab')[0]}/lab{path}?reset")
    expect(page.get_by_role("menuitem", name="File", exact=True)).to_be_visible(timeout=_START_MS)


def run_in_terminal(page: Page, command: str, *, done: Path) -> None:
    """Type a command into a new terminal and wait until it has ended; ``done`` is on the host."""
    open_anew(page)
    page.locator(".jp-LauncherCard").filter(has_text="Terminal").click()
    page.locator(".jp-Terminal .xterm-helper-textarea").wait_for(state="attached")
    page.locator(".jp-Terminal .xterm-screen").click()
    page.keyboard.type(f"{{ {command}; }}; echo $? > /workspace/{done.name}")
    page.keyboard.press("Enter")
    code = wait_for(
        lambda: done.exists() and done.read_text().strip(), seconds=_PHASES_SECONDS, what=command
    )
    assert code == "0"


def run_phases(page: Page, folder: Path) -> Path:
    """Take the example twin and run its phases in a terminal; return its folder on the host."""
    run_in_terminal(page, PHASES, done=folder / "phases-ended.txt")
    return folder / "digital_twins" / TWIN


def check_result_on_host(twin: Path, installation: TestInstallation) -> None:
    """Find the result of the phases on the host, and as whose it lies there."""
    result = twin / "output" / "analysis.json"
    analysis = json.loads(result.read_text())
    assert 10 < analysis["energy_kWh"]["electric"] < 11  # 12 kW for part of two hours
    assert result.stat().st_uid == int(installation.setting("uid"))


def open_result(page: Page) -> None:
    """Click through the folders to the result and look at it."""
    open_anew(page)
    for folder in ("digital_twins", TWIN, "output"):
        page.locator(".jp-DirListing-item").filter(has_text=folder).first.dblclick()
        expect(page.locator(".jp-BreadCrumbs")).to_contain_text(folder)
    page.locator(".jp-DirListing-item").filter(has_text="result.csv").dblclick()
    expect(page.locator(".jp-CSVViewer")).to_be_visible()


def run_notebook(page: Page, twin: Path) -> None:
    """Run the twin's notebook top to bottom and find its outputs on the host, no error in them."""
    outputs = run_cells(page, f"digital_twins/{TWIN}/{TWIN}.ipynb", twin / f"{TWIN}.ipynb")
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert [output for output in outputs if "image/png" in output.get("data", {})]


def run_cells(page: Page, notebook: str, path: Path) -> list[dict[str, Any]]:
    """Run a notebook of the workspace top to bottom; return the outputs that were saved."""
    open_anew(page, f"/tree/{notebook}")
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=_START_MS)
    # cells that are run before their kernel is there are passed over
    expect(page.get_by_text("Python 3 (TwinHub) | Idle")).to_be_visible(timeout=_START_MS)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    cells = wait_for(lambda: _saved_cells(page, path), seconds=_NOTEBOOK_SECONDS, what="all cells")
    return [output for cell in cells for output in cell["outputs"]]


def _saved_cells(page: Page, path: Path) -> list[dict[str, Any]]:
    """The notebook's code cells as they are on the host, once each has been run; else nothing."""
    page.get_by_role("menuitem", name="File", exact=True).click()
    # without effect while an earlier save is under way, so that no answer can be waited for
    page.get_by_role("menuitem", name=re.compile("^Save Notebook(?! As)")).click()
    try:
        notebook = json.loads(path.read_text())
    except json.JSONDecodeError:  # just being written
        return []
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return cells if all(cell["execution_count"] for cell in cells) else []


def look_for_another(page: Page, installation: TestInstallation, user: str, *, other: str) -> None:
    """As ``user``, see the common assets and nothing of another's files."""
    (installation.folder(other) / "data" / "only-theirs.txt").write_text("mine")
    run_in_terminal(
        page,
        "ls /workspace/common/digital_twins > /workspace/seen.txt; "
        "find / -name only-theirs.txt 2>/dev/null >> /workspace/seen.txt; "
        "touch /workspace/common/x 2>> /workspace/seen.txt; true",
        done=installation.folder(user) / "looked.txt",
    )
    seen = (installation.folder(user) / "seen.txt").read_text()
    assert TWIN in seen
    assert "only-theirs" not in seen
    assert "Read-only file system" in seen
    answer = page.goto(f"{installation.address_of(other)}/user/{other}/api/contents/data")
    assert answer is not None
    assert answer.status in {403, 404}


def sign_out(page: Page, installation: TestInstallation, user: str) -> None:
    """Sign out, and find the doors of hub and workspace closed."""
    page.goto(f"{installation.address}/hub/logout")
    page.goto(f"{installation.address}/hub/home")
    expect(page).to_have_url(re.compile("/hub/login"))
    page.goto(f"{installation.address_of(user)}/user/{user}/lab")
    expect(page).to_have_url(re.compile("/hub/login"))
