"""A class behind one address signs in, starts, and opens one link at one moment: nobody is refused.

Every run has 30 people on a stub server; 120 on it, and 20 with containers, are marked `long`.
"""

from __future__ import annotations

import json
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from statistics import median
from threading import Barrier
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.bench.report import p95
from tests.bench.tiny_server import running_tiny_server
from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import require_engine, running_installation
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_log = logging.getLogger(__name__)
_ROOT = Path(__file__).parents[3]
_MINUTE = 60
_SETTINGS = """
auth:
  accounts:
    - name: teacher
      role: instructor
{accounts}
"""
_LINK = "/open/common/models/lesson"
_FILES = {f"file-{number:02}.txt": "x" * 1000 for number in range(20)} | {"README.md": "# Lesson\n"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_TOKEN = re.compile(r'name="_xsrf" value="([^"]+)"')
_STUB = """
import sys
sys.path.insert(0, {root!r})
c.JupyterHub.spawner_class = "tests.fixtures.stub_spawner.StubSpawner"
c.StubSpawner.server_port = {port}
c.StubSpawner.concurrent_starts = 8
"""
_REFUSED = re.compile(r'^.*_count\{.*code="(?:429|5\d\d)".*$|^twinhub_\w+_refused_total.* [1-9].*$',
                      re.MULTILINE)  # fmt: skip


@contextmanager
def _class_of(names: list[str], kind: str) -> Iterator[TestInstallation]:
    accounts = "\n".join(f"    - name: {name}" for name in names)
    with ExitStack() as stack:
        site = ""
        if kind == "stub":
            port = stack.enter_context(running_tiny_server())
            site = _STUB.format(root=str(_ROOT), port=port)
        settings = _SETTINGS.format(accounts=accounts)
        yield stack.enter_context(running_installation(settings=settings, site_python=site))


def _attend(client: HubClient, begin: Barrier) -> tuple[float, float]:
    """Sign in and start; return the seconds of both."""
    begin.wait()
    asked = perf_counter()
    answer = client.sign_in()
    assert answer.status_code == HTTPStatus.OK, answer.text
    assert answer.url.path == "/hub/home"
    inside = perf_counter()
    client.start_and_follow()
    return inside - asked, perf_counter() - inside


def _publish_lesson(there: TestInstallation) -> None:
    """Have the teacher publish what the link opens."""
    folder = there.folder("teacher") / "models/lesson"
    folder.mkdir(parents=True)
    for name, text in _FILES.items():
        (folder / name).write_text(text)
    library = f"{there.address}/services/library"
    body = json.dumps({"path": "teacher/models/lesson", "version": "1.0.0"}).encode()
    with HubClient(there, "teacher") as teacher:
        headers = teacher.bearer() | {"Content-Type": "application/json"}
        wait_for(
            lambda: teacher.get("/services/library/health").is_success,
            seconds=_MINUTE, what="a library that is ready",
        )  # fmt: skip
        begun = teacher.post(f"{library}/api/versions", content=body, headers=headers)
        address = f"{library}/api/operations/{begun.raise_for_status().json()['id']}"
        wait_for(
            lambda: teacher.get(address, headers=headers).json()["status"] == "done",
            seconds=_MINUTE, what="a published lesson",
        )  # fmt: skip


def _open_link(client: HubClient, begin: Barrier) -> tuple[float, float]:
    """Look, click and read the report; return the seconds of both."""
    begin.wait()
    asked = perf_counter()
    page = client.get(_LINK)
    assert page.status_code == HTTPStatus.OK, page.text
    shown = perf_counter()
    [token] = _TOKEN.findall(page.text)
    report = client.post(_LINK, content=urlencode({"_xsrf": token}).encode(), headers=_FORM)
    assert report.status_code == HTTPStatus.OK, report.text
    assert "Lesson was copied" in report.text
    assert f"{len(_FILES)} new" in report.text
    return shown - asked, perf_counter() - shown


def _count_opened(there: TestInstallation) -> int:
    """Return how many people the teacher sees that have opened the link."""
    with HubClient(there, "teacher") as teacher:
        address = f"{there.address}/services/library/api/open-links/common/models/lesson"
        return int(teacher.get(address, headers=teacher.bearer()).json()["people"])


def _refusals(there: TestInstallation) -> list[str]:
    """The metrics of answers that say "not now", or of an error of the hub's."""
    token = (there.home / "secrets" / "metrics_token").read_text().strip()
    visitor = HubClient(there, "nobody")
    try:
        answer = visitor.get("/hub/metrics", headers={"Authorization": f"token {token}"})
    finally:
        visitor.close()
    text = answer.raise_for_status().text
    assert "_count{" in text
    return _REFUSED.findall(text)


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("stub", 30),
        pytest.param("stub", 120, marks=pytest.mark.long),
        pytest.param("docker", 20, marks=pytest.mark.long),
    ],
)
def test_a_class_signs_in_starts_and_opens_one_link_within_a_minute_each(
    kind: str, size: int
) -> None:
    require_engine()
    names = [f"pupil{number:03}" for number in range(size)]
    with _class_of(names, kind) as there, ThreadPoolExecutor(size) as pool, ExitStack() as stack:
        _publish_lesson(there)
        clients = [HubClient(there, name, timeout_seconds=_MINUTE) for name in names]
        for client in clients:
            stack.callback(client.close)
        for act, words in ((_attend, ("sign-in", "start")), (_open_link, ("page", "copy"))):
            begin = Barrier(size + 1)
            acting = [pool.submit(act, client, begin) for client in clients]
            begin.wait()
            begun = perf_counter()
            figures = [one.result() for one in acting]
            seconds = perf_counter() - begun
            for what, values in zip(words, zip(*figures, strict=True), strict=True):
                _log.info("%s %d: %s p50=%.1f s p95=%.1f s", kind, size, what, median(values),
                          p95(values))  # fmt: skip
            _log.info("%s %d: all within %.1f s", kind, size, seconds)
            assert seconds < _MINUTE
        assert _refusals(there) == []
        assert _count_opened(there) == size
