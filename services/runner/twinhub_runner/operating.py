"""What an operator sees of the runner: whether sandboxes can be made, what goes on, what waits."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_runner.room import Room

if TYPE_CHECKING:
    from twinhub_runner.backends.base import Backend
    from twinhub_runner.runner import Runner

LOOK_SECONDS = 15.0


@dataclass
class Sandboxes:
    """Whether sandboxes can be made, as it was found last."""

    backend: Backend
    fault: str | None = None

    def look(self) -> None:
        """Ask the back end, which may take a while."""
        self.fault = self.backend.find_fault() or None


def show_to_operators(runner: Runner, backend: Backend) -> None:
    """Add warnings and numbers; the back end is asked beside the requests."""
    sandboxes = Sandboxes(backend)
    room = Room(runner.settings.root, runner.settings.least_free)
    runner.background.every(LOOK_SECONDS, "sandboxes", sandboxes.look)
    runner.health.add_warning("sandboxes", lambda: sandboxes.fault)
    runner.health.add_warning("disk", lambda: _warn_of_disk(room))
    count = runner.table.count_open
    show = runner.metrics.show
    show("runs_under_way", "Runs that have begun and not ended", lambda: count().under_way)
    show("runs_waiting", "Runs in the queue", lambda: count().waiting)
    show(
        "runs_oldest_waiting_seconds", "How long the first one in the queue has waited",
        lambda: _age(count().oldest_waiting),
    )  # fmt: skip


def _warn_of_disk(room: Room) -> str | None:
    if why := room.why_not():
        return f"{why}: no run begins unless its owner says so. Remove files, or enlarge the disk."
    return None


def _age(since: float | None) -> float:
    return 0.0 if since is None else max(0.0, time.time() - since)
