"""A class behind one address signs in and starts at one moment: nobody is refused.

Every run has 30 people on a stub server; 120 on it, and 20 with containers, are marked `long`.
"""

from __future__ import annotations

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

import pytest

from tests.bench.report import p95
from tests.bench.tiny_server import running_tiny_server
from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import require_engine, running_installation

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
{accounts}
"""
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
def test_a_class_signs_in_and_starts_within_a_minute(kind: str, size: int) -> None:
    require_engine()
    names = [f"pupil{number:03}" for number in range(size)]
    with _class_of(names, kind) as there, ThreadPoolExecutor(size) as pool, ExitStack() as stack:
        clients = [HubClient(there, name, timeout_seconds=_MINUTE) for name in names]
        for client in clients:
            stack.callback(client.close)
        begin = Barrier(size + 1)
        attending = [pool.submit(_attend, client, begin) for client in clients]
        begin.wait()
        begun = perf_counter()
        figures = [one.result() for one in attending]
        seconds = perf_counter() - begun
        for what, values in zip(("sign-in", "start"), zip(*figures, strict=True), strict=True):
            _log.info("%s %d: %s p50=%.1f s p95=%.1f s", kind, size, what, median(values),
                      p95(values))  # fmt: skip
        _log.info("%s %d: all within %.1f s", kind, size, seconds)
        assert _refusals(there) == []
        assert seconds < _MINUTE
