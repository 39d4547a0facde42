"""The main job through GitLab: button, GitLab's form, workspace, sign out."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import screenshot
from tests.fixtures.gitlab import ALLOWED

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.fixtures.gitlab import GitLab
    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]
_START_MS = 60_000


def go_through_gitlab(page: Page, there: TestInstallation, user: str) -> None:
    """Sign in as a person does: our button, then GitLab's form."""
    page.goto(there.address)
    page.get_by_role("link", name="Sign in with GitLab").click()
    page.get_by_label("Username").fill(user)
    page.get_by_role("button", name="Sign in").click()


def test_a_member_reaches_jupyterlab_through_gitlab_and_signs_out(
    page: Page, gitlab_installation: tuple[TestInstallation, GitLab]
) -> None:
    there, gitlab = gitlab_installation
    gitlab.put("greta", f"{ALLOWED}/team-a")
    go_through_gitlab(page, there, "greta")
    expect(page).to_have_url(re.compile(r"/user/greta/lab"), timeout=_START_MS)
    expect(page.get_by_role("menuitem", name="File")).to_be_visible(timeout=_START_MS)
    page.goto(f"{there.address}/hub/logout")
    expect(page.get_by_role("heading")).to_have_text("Signed out")
    page.goto(f"{there.address}/hub/home")
    expect(page.get_by_role("link", name="Sign in with GitLab")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_outsider_reads_why_and_what_to_do(
    browser: Browser,
    gitlab_installation: tuple[TestInstallation, GitLab],
    scheme: Literal["light", "dark"],
) -> None:
    there, gitlab = gitlab_installation
    gitlab.put("oskar", "elsewhere")
    with closing(browser.new_context(color_scheme=scheme)) as context:
        page = context.new_page()
        page.goto(there.address)
        screenshot(page, f"gitlab-login-{scheme}")
        go_through_gitlab(page, there, "oskar")
        expect(page.get_by_role("main")).to_contain_text("none of the groups")
        screenshot(page, f"gitlab-outsider-{scheme}")
