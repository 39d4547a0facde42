"""The library killed at any moment: it comes back, and what it has acknowledged is there."""

from __future__ import annotations

import os
import random
import signal
import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.fixtures.hub_client import HubClient, to_loopback
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from tests.integration.library.conftest import School

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_KILLS = 2
_SECONDS = 60


class Writer:
    """Writes files with other content each time, and remembers what was acknowledged."""

    def __init__(self, school: School, headers: dict[str, str]) -> None:
        """Prepare to write as somebody."""
        self.count = 0
        """How many were acknowledged."""
        self.attempted: dict[str, set[str]] = {}
        """What each file may hold: what was acknowledged last, and what was tried after it."""
        self._stop = threading.Event()
        self._http = httpx.Client(
            base_url=school.library, transport=to_loopback(school.installation), headers=headers,
            timeout=10,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Writer:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._stop.set()
        self._thread.join()
        self._http.close()

    def _write(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            name, text = f"killed-{number % 7}.txt", f"{number} " * 2000
            self.attempted.setdefault(name, set()).add(text)
            try:
                answer = self._http.put(f"/api/files/alice/data/{name}", content=text)
            except httpx.TransportError:
                continue
            if answer.is_success:
                self.count += 1
                self.attempted[name] = {text}
            else:  # the edge, while nobody is behind it
                assert answer.status_code in {502, 503}, answer.text


def _pid(school: School) -> int:
    return school.installation.pids().get("library", 0)


def _is_ready(school: School) -> bool:
    with httpx.Client(transport=to_loopback(school.installation)) as client:
        try:
            return client.get(f"{school.library}/health").is_success
        except httpx.TransportError:
            return False


@pytest.mark.d4(28)
@pytest.mark.d4(66)
def test_what_was_acknowledged_is_there_after_kills_at_any_moment(school: School) -> None:
    chance = random.Random(6)  # noqa: S311 - a moment, no secret
    with HubClient(school.installation, "alice") as alice:
        headers = alice.bearer()
    with Writer(school, headers) as writer:
        for _ in range(_KILLS):
            count, more = writer.count, chance.randrange(3, 40)
            wait_for(
                lambda until=count + more: writer.count > until,  # type: ignore[misc]
                seconds=_SECONDS, what="more that was acknowledged",
            )  # fmt: skip
            os.kill(_pid(school), signal.SIGKILL)
            wait_for(lambda: _is_ready(school), seconds=_SECONDS, what="a library that is ready")
    for name, texts in writer.attempted.items():
        found = (school.assets / "alice" / "data" / name).read_text()
        assert found in texts, name
        (school.assets / "alice" / "data" / name).unlink()
    left = [path.name for path in (school.assets / "alice" / "data").glob(".twinhub*")]
    assert left == []


@pytest.mark.d4(63)
def test_a_workspace_starts_while_the_library_is_away(school: School) -> None:
    """Its process is stopped, not killed: whoever asks it waits in vain."""
    pid = _pid(school)
    os.kill(pid, signal.SIGSTOP)
    try:
        with HubClient(school.installation, "carol") as carol:
            carol.start()
            assert carol.is_ready()
            carol.stop()
    finally:
        os.kill(pid, signal.SIGCONT)
