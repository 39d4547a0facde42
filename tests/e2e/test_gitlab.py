"""The main job through GitLab: button, GitLab's form, workspace, twin, notebook, sign out."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect

from tests.e2e import main_job
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


def open_lab(page: Page, there: TestInstallation, user: str) -> None:
    """Sign in and wait for JupyterLab; the spawn goes by itself."""
    go_through_gitlab(page, there, user)
    expect(page).to_have_url(re.compile(rf"/user/{user}/lab"), timeout=_START_MS)
    expect(page.get_by_role("menuitem", name="File")).to_be_visible(timeout=_START_MS)


def test_the_main_job_is_done_by_people_who_come_through_gitlab(
    browser: Browser, page: Page, gitlab_installation: tuple[TestInstallation, GitLab]
) -> None:
    there, gitlab = gitlab_installation
    gitlab.put("greta", f"{ALLOWED}/team-a")
    gitlab.put("gesa", f"{ALLOWED}/team-b")
    open_lab(page, there, "greta")
    twin = main_job.run_phases(page, there.folder("greta"))
    main_job.check_result_on_host(twin, there)
    main_job.open_result(page)
    main_job.run_notebook(page, twin)
    with closing(browser.new_context()) as second:
        other = second.new_page()
        open_lab(other, there, "gesa")
        main_job.look_for_another(other, there, "gesa", other="greta")
    page.goto(f"{there.address}/hub/logout")
    expect(page.get_by_role("heading")).to_have_text("Signed out")
    main_job.sign_out(page, there, "greta")
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
