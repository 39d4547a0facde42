"""A link that an instructor hands out, as its students live it: in a browser, over a real hub."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import screenshot
from tests.fixtures.hub_client import HubClient
from tests.fixtures.page_audit import faults_of
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]

TEACHER, STUDENT = "instructor", "alice"
_TWIN = Path(sys.executable).with_name("twin")
_START_MS = 90_000
_MOMENT = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d")
_GIT_QUERY = "repo=https%3A%2F%2Fgitlab.test%2Fx%2Fcourse&branch=main&urlpath=lab%2Ftree%2Fcourse"
_COURSE = """\
title: Tanks
summary: The course of this autumn.
items:
  - heading: Week 1
    text: Begin *here*.
  - asset: common/models/lesson/start.ipynb
    title: First steps
  - asset: common/data/levels
"""


def notebook(*cells: str) -> str:
    """Return a notebook with cells of code."""
    made: list[dict[str, object]] = [
        {"cell_type": "code", "id": f"cell-{at}", "metadata": {}, "execution_count": None,
         "outputs": [], "source": text}
        for at, text in enumerate(cells)
    ]  # fmt: skip
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps(
        {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    )


@dataclass(frozen=True)
class Teacher:
    """Who publishes, by the command that is in every workspace."""

    installation: TestInstallation
    token: str

    def write(self, asset: str, files: dict[str, str]) -> None:
        """Put files into an asset of the teacher's own."""
        for name, text in files.items():
            file = self.installation.folder(TEACHER) / asset / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def assets(self, *arguments: str) -> str:
        """Run ``twin assets``, and return what it says."""
        state = (self.installation.home / "state" / "running.json").read_text()
        own = {
            "TWINHUB_LIBRARY_URL": f"http://127.0.0.1:{json.loads(state)['library_port']}",
            "JUPYTERHUB_API_TOKEN": self.token, "JUPYTERHUB_USER": TEACHER,
            "JUPYTERHUB_PUBLIC_HUB_URL": f"{self.installation.address}/hub/",
        }  # fmt: skip
        done = subprocess.run(
            [str(_TWIN), "assets", *arguments], env=os.environ | own, text=True,
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()


@pytest.fixture(name="teacher")
def _teacher(installation: TestInstallation) -> Iterator[Teacher]:
    """A teacher, and a student who has no workspace that runs."""
    with HubClient(installation, TEACHER) as one, HubClient(installation, STUDENT) as other:
        other.stop()
        health = "/services/library/health"
        wait_for(lambda: one.get(health).is_success, seconds=60, what="a library that is ready")
        token = one.bearer()["Authorization"].removeprefix("token ")
        yield Teacher(installation, token)
        other.stop()


def fill_in_sign_in(page: Page, installation: TestInstallation, user: str) -> None:
    """Sign in on the page that is shown."""
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").first.fill(installation.password(user))
    page.get_by_role("button", name="Sign in").click()


def expect_notebook(page: Page, text: str) -> None:
    """Wait until JupyterLab shows the notebook of the lesson."""
    expect(page).to_have_url(
        re.compile("/user/.*/lab/tree/models/lesson/start.ipynb"), timeout=_START_MS
    )  # fmt: skip
    tab = page.get_by_role("tab", name="start.ipynb")
    expect(tab).to_have_attribute("aria-selected", "true", timeout=_START_MS)
    expect(page.get_by_role("main").get_by_text(text)).to_be_visible(timeout=_START_MS)


def change_own_cell(page: Page, file: Path) -> None:
    """Write into the second cell and save, as a student does."""
    page.get_by_role("main").get_by_text("own = 0").click()
    page.keyboard.press("End")
    page.keyboard.type(" + 42")
    page.keyboard.press("Control+s")
    wait_for(lambda: "own = 0 + 42" in file.read_text(), seconds=30, what="a saved notebook")


def test_link_leads_a_student_to_the_notebook_and_a_new_version_keeps_their_own(
    browser: Browser, installation: TestInstallation, teacher: Teacher
) -> None:
    teacher.write(
        "models/lesson", {"start.ipynb": notebook("flow = 1", "own = 0"), "README.md": "# Lesson\n"}
    )
    assert "is published" in teacher.assets("publish", "models/lesson", "--version", "1.0.0")
    link = teacher.assets("open-link", "common/models/lesson", "--path", "start.ipynb")
    assert link == f"{installation.address}/open/common/models/lesson?path=start.ipynb"
    own = installation.folder(STUDENT) / "models/lesson/start.ipynb"
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()

    page.goto(link)
    follow_first(page, installation)
    change_own_cell(page, own)
    teacher.write("models/lesson", {"start.ipynb": notebook("flow = 2", "own = 0", "new = 3")})
    teacher.assets("publish", "models/lesson", "--version", "1.1.0", "--message", "Week 2")
    page.goto(link)
    follow_newer(page)
    merged = own.read_text()
    assert all(one in merged for one in ("flow = 2", "own = 0 + 42", "new = 3"))

    publish_course(teacher)
    page.goto(f"{installation.address}/open/collections/course")
    follow_collection(page)
    page.goto(f"{installation.address}/hub/user-redirect/git-pull?{_GIT_QUERY}")
    expect(page.get_by_role("alert")).to_contain_text("This site opens no repositories of gitlab.t")
    context.close()
    look_who_opened(browser, installation)


def follow_first(page: Page, installation: TestInstallation) -> None:
    """Go from the sign-in to the notebook, as who has never been here."""
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    fill_in_sign_in(page, installation, STUDENT)
    expect(page.get_by_role("heading", name="Open Lesson")).to_be_visible()
    assert faults_of(page) == []
    page.get_by_role("button", name="Copy it and open").click()
    expect(page.get_by_role("heading", name="Lesson was copied")).to_be_visible()
    assert faults_of(page) == []
    page.get_by_role("link", name="Open it in my workspace").click()
    expect(page.get_by_role("progressbar", name="Start of the workspace")).to_be_visible()
    expect_notebook(page, "flow = 1")
    screenshot(page, "open-link-lab")


def follow_newer(page: Page) -> None:
    """Take what is newer, and go on to the notebook."""
    expect(page.get_by_text("Version 1.1.0 is newer")).to_be_visible()
    assert faults_of(page) == []
    page.get_by_role("button", name="Update and open").click()
    expect(page.get_by_role("row", name="start.ipynb")).to_contain_text("merged with your changes")
    assert faults_of(page) == []
    page.get_by_role("link", name="Open it in my workspace").click()
    expect_notebook(page, "own = 0 + 42")


def publish_course(teacher: Teacher) -> None:
    """Publish a collection with the lesson and something else."""
    teacher.write("data/levels", {"levels.csv": "time,level\n0,1\n"})
    teacher.write("data/course", {"collection.yaml": _COURSE})
    for one in ("data/levels", "data/course"):
        teacher.assets("publish", one, "--version", "1.0.0")


def follow_collection(page: Page) -> None:
    """Copy all of the collection, and open its notebook from the report."""
    expect(page.get_by_role("heading", name="Tanks")).to_be_visible()
    assert faults_of(page) == []
    page.get_by_role("button", name="Copy everything").click()
    expect(page.get_by_role("heading", name="Tanks was copied")).to_be_visible(timeout=_START_MS)
    assert faults_of(page) == []
    expect(page.get_by_role("main")).to_contain_text("First steps you have it already")
    expect(page.get_by_role("main")).to_contain_text("levels copied")
    screenshot(page, "open-collection-copied")
    page.get_by_role("link", name="First steps").click()
    expect_notebook(page, "new = 3")


def look_who_opened(browser: Browser, installation: TestInstallation) -> None:
    """Have the teacher look who opened the links."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{installation.address}/open/opened/common/models/lesson")
    fill_in_sign_in(page, installation, TEACHER)
    row = page.get_by_role("row", name=STUDENT)
    expect(row.get_by_role("cell")).to_have_text([_MOMENT, _MOMENT, "3"])
    assert faults_of(page) == []
    screenshot(page, "open-link-opened")
    page.goto(f"{installation.address}/open/opened/collections/course")
    expect(page.get_by_role("row", name=STUDENT)).to_be_visible()
    context.close()
