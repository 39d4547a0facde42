"""Environments that are a few addresses: they outlive the runner; what was being made does not."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from twinhub_runner.backends.base import BackendError
from twinhub_runner.environments.base import NotMadeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_runner.environments.base import Wanted

IMPOSSIBLE, RELUCTANT = "no-such-package", "reluctant"
_SECONDS, _PAUSE_SECONDS = 60, 0.001


class Software:
    """Makes environments while time passes, never meanwhile."""

    def __init__(self, touch: Callable[[], None]) -> None:
        """Have none; ``touch`` is called before and after whatever is asked by the loop."""
        self._touch = touch
        self.made: set[str] = set()
        self.faults: list[str] = []
        """What must never happen and has."""
        self._begun: dict[str, threading.Event] = {}
        self._is_alive = True
        self._has_refused = False

    def base(self) -> str:
        """Return what they stand on."""
        return "sha256:1"

    def has(self, address: str) -> bool:
        """Return whether one was made."""
        self._touch()
        return address in self.made

    def make(
        self, address: str, wanted: Wanted, say: Callable[[str], None], stopping: threading.Event
    ) -> None:
        """Make one when time passes, unless the runner has fallen over meanwhile."""
        if address in self._begun or address in self.made:
            self.faults.append(f"{address} is made twice")
        may_end = self._begun[address] = threading.Event()
        say("begun")
        assert may_end.wait(_SECONDS)
        del self._begun[address]
        if stopping.is_set() or not self._is_alive:
            raise BackendError("it was given up")
        if IMPOSSIBLE in wanted.python:
            raise NotMadeError("there is no such package")
        if RELUCTANT in wanted.python and not self._has_refused:
            self._has_refused = True
            raise BackendError("there is no room for it now")
        self.made.add(address)

    def list_made(self) -> frozenset[str]:
        """Return those that were made."""
        self._touch()
        return frozenset(self.made)

    def remove(self, address: str) -> None:
        """Remove one."""
        self.made.discard(address)

    def tick(self) -> None:
        """Let all that is being made come to its end."""
        for one in threading.enumerate():
            while one.name == "environment" and one.is_alive():
                for event in list(self._begun.values()):
                    event.set()
                one.join(_PAUSE_SECONDS)

    def abandon(self) -> None:
        """Have nothing come of what is being made: whoever has begun it is gone."""
        self._is_alive = False
        self.tick()
        self._is_alive = True
