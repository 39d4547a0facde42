"""A phase is held where it is, with all that it has started, and goes on as if nothing had been."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.waiting import wait_for
from tests.unit.runner.agent.sandboxes import END_SECONDS, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.heavy  # real sandboxes
COUNTING = "i=0; while [ ! -e go ]; do i=$((i + 1)); echo $i > count; sleep 0.02; done"


class Counting:
    """Two processes, of which one has a session of its own; both count in files."""

    def __init__(self, folder: Path) -> None:
        self.sandbox = Sandbox(folder)
        self._file = folder / "in/pause"
        self._counts = [folder / "work" / name for name in ("count", "child/count")]

    def start(self, **phase: object) -> None:
        """Start them."""
        script = (
            "trap 'echo bye; exit 0' TERM; mkdir -p child;"
            f" (cd child; exec setsid sh -c '{COUNTING}') & {COUNTING}; wait"
        )
        self.sandbox.start({"main": {"command": ["sh", "-c", script]}}, **phase)
        wait_for(lambda: all(one.exists() for one in self._counts),
                 seconds=END_SECONDS, what="both count")  # fmt: skip

    def pause(self) -> list[str]:
        """Have both held; return how far they are."""
        self._file.touch()
        self.sandbox.wait_for_event("paused")
        return self.counts()

    def go_on(self) -> None:
        """Have them go on."""
        self._file.unlink()

    def counts(self) -> list[str]:
        """Return how far they are."""
        return [one.read_text() for one in self._counts]

    def end(self) -> tuple[int, str]:
        """Let both come to their end."""
        for one in self._counts:
            (one.parent / "go").touch()
        return self.sandbox.wait()


@pytest.fixture(name="counting")
def _counting(tmp_path: Path) -> Counting:
    return Counting(tmp_path)


def test_all_is_held_and_goes_on_where_it_was(counting: Counting) -> None:
    counting.start(time_limit=30)
    held = counting.pause()
    begun = time.monotonic()
    wait_for(lambda: time.monotonic() - begun > 0.3, seconds=END_SECONDS, what="some time")
    assert counting.counts() == held
    counting.go_on()
    wait_for(lambda: all(now != then for now, then in zip(counting.counts(), held, strict=True)),
             seconds=END_SECONDS, what="both count on")  # fmt: skip
    assert counting.end() == (0, "ended")


def test_its_time_limit_does_not_count_meanwhile(counting: Counting) -> None:
    limit = 5.0
    counting.start(time_limit=limit)
    counting.pause()
    begun = time.monotonic()
    wait_for(lambda: time.monotonic() - begun > limit, seconds=END_SECONDS, what="its time limit")
    counting.go_on()
    assert counting.end() == (0, "ended")


def test_what_is_held_ends_as_it_wishes_when_it_is_stopped(counting: Counting) -> None:
    counting.start()
    counting.pause()
    counting.sandbox.tell(signal.SIGTERM)
    assert counting.sandbox.wait() == (143, "stopped")
    assert "bye" in counting.sandbox.texts()
