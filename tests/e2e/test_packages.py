"""A person installs a package in a notebook, and has it after the workspace was started again."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.main_job import run_cells
from tests.fixtures.browser import open_lab
from tests.images.workspace.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]

_USER = "alice"
_MS = 90_000
_SHOW = "import probe_of_a_story; print(probe_of_a_story.__file__)"


def _put(there: TestInstallation, name: str, content: bytes) -> Path:
    """Put a file of the user's own into their folder, from the host."""
    path = there.folder(_USER) / name
    path.write_bytes(content)
    if os.geteuid() == 0:
        os.chown(path, int(there.setting("uid")), int(there.setting("uid")))
    return path


def _put_notebook(there: TestInstallation, name: str, *sources: str) -> Path:
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "execution_count": None, "id": f"cell-{number}", "metadata": {},
         "outputs": [], "source": source}
        for number, source in enumerate(sources)
    ]  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3 (TwinHub)", "language": "python"}
    notebook = {
        "cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    return _put(there, name, json.dumps(notebook).encode())


def _start_again(page: Page, there: TestInstallation) -> None:
    """Stop the workspace on the hub's page and start it anew, as a person does."""
    before = there.container(_USER).id
    page.goto(f"{there.address}/hub/home")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped")).to_be_visible(timeout=_MS)
    page.get_by_role("link", name="Start my workspace").click()
    expect(page).to_have_url(re.compile("/user/alice/lab"), timeout=_MS)
    assert there.container(_USER).id != before


def test_package_of_a_notebook_is_there_after_the_workspace_was_started_again(
    page: Page, installation: TestInstallation
) -> None:
    open_lab(page, installation, _USER)
    wheel, content = make_wheel("probe_of_a_story", "1.0", "")
    _put(installation, wheel, content)
    install = f"%pip install --no-index --force-reinstall /workspace/{wheel}"
    first = _put_notebook(installation, "first.ipynb", install, _SHOW)
    shown = "".join(str(output) for output in run_cells(page, first.name, first))
    assert "Successfully installed probe_of_a_story-1.0" in shown.replace("-of-a-", "_of_a_")
    _start_again(page, installation)
    second = _put_notebook(installation, "second.ipynb", _SHOW)
    (output,) = run_cells(page, second.name, second)
    assert "/home/twin/" in "".join(output["text"])
