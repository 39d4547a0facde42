"""When a class starts: everybody waits for a place, sees how long, and may leave the queue."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from docker.errors import NotFound
from playwright.sync_api import expect
from twinhub_api import names

from tests.e2e.test_pages import sign_in
from tests.fixtures.browser import screenshot
from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import engine, require_engine, running_installation
from tests.fixtures.page_audit import faults_of
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]

PUPILS = [f"pupil{number}" for number in range(5)]
TEACHERS = ["teacher", "assistant"]
_START_MS = 60_000
_SETTINGS = """
auth:
  accounts:
{accounts}
groups:
  - name: instructor
    memory: 1G
    cpus: 0.5
    workspaces: 1
"""
_ONE_AT_A_TIME = "c.TwinHubDockerSpawner.concurrent_starts = 1\n"


@pytest.fixture(scope="module")
def school() -> Iterator[TestInstallation]:
    """An installation that starts one workspace at a time."""
    require_engine()
    accounts = [f"    - name: {name}" for name in PUPILS]
    accounts += [f"    - name: {name}\n      role: instructor" for name in TEACHERS]
    settings = _SETTINGS.format(accounts="\n".join(accounts))
    with running_installation(settings=settings, site_python=_ONE_AT_A_TIME) as there:
        yield there


@pytest.fixture
def busy(school: TestInstallation) -> Iterator[TestInstallation]:
    """The same, with its one place taken by a start that does not end."""
    with HubClient(school, PUPILS[0]) as first:
        first.start()
        command = "mkdir -p ~/.jupyter; echo 'import time; time.sleep(90)' > {}"
        path = "~/.jupyter/jupyter_server_config.py"
        school.container(PUPILS[0]).exec_run(["sh", "-c", command.format(path)])
        first.stop()
        first.api("POST", f"/users/{PUPILS[0]}/server")
        yield school
        first.stop()
        engine().volumes.get(names.volume_for(school.prefix, PUPILS[0])).remove(force=True)


def test_a_class_that_starts_at_once_waits_and_nobody_is_refused(
    school: TestInstallation,
) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(len(PUPILS)) as pool:
        sessions = [stack.enter_context(HubClient(school, name)) for name in PUPILS]
        streams = list(pool.map(HubClient.start_and_follow, sessions))
        assert all(events[-1]["ready"] for events in streams)
        texts = [str(event["message"]) for events in streams for event in events]
        assert any(re.match(r"Place \d of \d in the queue", one) for one in texts), texts
        list(pool.map(HubClient.stop, sessions))


def test_who_waits_sees_the_place_and_may_leave_the_queue(
    page: Page, busy: TestInstallation
) -> None:
    sign_in(page, busy, PUPILS[1])
    page.get_by_role("link", name="Start my workspace").click()
    stages = page.get_by_role("list", name="Stages of the start").get_by_role("listitem")
    current = stages.and_(page.locator("[aria-current=step]"))
    expect(current).to_be_visible(timeout=_START_MS)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.reload()  # colours fade from one scheme to the other
        expect(current).to_have_text(
            re.compile(r"Place 1 of 1 in the queue, about \d+ (s|min)"), timeout=_START_MS
        )
        assert faults_of(page) == []
        screenshot(page, f"hub-queue-{scheme}")
    page.get_by_role("button", name="Cancel").click()
    expect(page).to_have_url(re.compile("/hub/home$"), timeout=_START_MS)
    expect(page.get_by_text("Stopped")).to_be_visible(timeout=_START_MS)
    with pytest.raises(NotFound):
        busy.container(PUPILS[1])


def test_a_group_has_its_own_limits(school: TestInstallation) -> None:
    with HubClient(school, TEACHERS[0]) as first, HubClient(school, TEACHERS[1]) as second:
        first.start()
        host = school.container(TEACHERS[0]).attrs["HostConfig"]
        assert host["Memory"] == host["MemorySwap"] == 2**30
        assert host["CpuQuota"] / host["CpuPeriod"] == 0.5

        second.api("POST", f"/users/{TEACHERS[1]}/server")
        wait_for(
            lambda: "reached its limit of running workspaces: 1." in second.pending_page(),
            seconds=60, what="the page of the refused start",
        )  # fmt: skip

        token = (school.home / "secrets" / "metrics_token").read_text().strip()
        headers = {"Authorization": f"token {token}"}
        metrics = first.get("/hub/metrics", headers=headers).raise_for_status().text
        assert 'twinhub_start_refused_total{reason="group"} 1.0' in metrics

        first.stop()
        second.start()
        second.stop()
