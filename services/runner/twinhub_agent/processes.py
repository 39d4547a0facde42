"""One process of a phase, with what is known of it."""

from __future__ import annotations

import os
import sys
import time

from twinhub_agent.bare import dump, name_of_signal, signal
from twinhub_agent.logs import Stream
from twinhub_agent.readiness import Readiness
from twinhub_agent.spawning import SHELL_STATUS, become, fork_check, signal_group, spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from twinhub_agent.logs import Log

MOST_RESTARTS = 5
"""How often in a row a process is started again."""
_LONG_ENOUGH_SECONDS = 60.0
_FIRST_PAUSE_SECONDS = 0.2


FETCHING = "inputs"
"""What the process is called that fetches what a twin uses."""


def fetching_plan(wanted: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the plan of the process that fetches."""
    program = f"{os.path.dirname(os.path.abspath(__file__))}/fetching.py"
    return {
        "command": [sys.executable, "-I", "-S", program, dump(wanted)],
        "folder": "/",
        "variables": {},
        "after": [],
        "ready": {},
        "restart": "never",
        "essential": True,
        "stop": {"signal": "SIGTERM", "command": None, "grace": 1.0},
    }


class Process:
    """A process that is to be started, runs, or has ended."""

    def __init__(
        self, name: str, plan: Mapping[str, Any], log: Log, see: Callable[[bytes], None]
    ) -> None:
        """Take what a plan says; nothing is started yet."""
        self.name, self.plan = name, plan
        self._log, self._see = log, see
        self._variables = dict(os.environ, **plan["variables"])
        self.pid: int | None = None
        self.status: int | None = None
        """How it ended, if it has."""
        self.readiness = self._new_readiness()
        self.is_announced = not plan["ready"]
        """Whether it was written down that it is ready, where that takes time."""
        self.restarts = 0
        self.starts_at = 0.0
        self._started = 0.0
        self._kill_at: float | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self.pid is not None and self.status is None

    def start(self) -> dict[int, Stream]:
        """Start it; return what is to be read of it from now on.

        Raises:
            CannotStartError: its program is not there, or the like.
        """
        self.status, self._kill_at = None, None
        self.readiness = self._new_readiness()
        watch = self.readiness.begin()
        pipes = [os.pipe2(os.O_CLOEXEC) for _ in range(2)]
        try:
            self.pid = spawn(
                self.plan["command"], self.plan["folder"], self._variables, pipes[0][1], pipes[1][1]
            )
        except BaseException:
            for reading, _ in pipes:
                os.close(reading)
            raise
        finally:
            for _, writing in pipes:
                os.close(writing)
        self._started = time.monotonic()
        fresh: dict[int, Stream] = {}
        for (reading, _), letter in zip(pipes, "oe"):
            os.set_blocking(reading, False)
            fresh[reading] = Stream(self._log, self.name, letter, self._see)
            fresh[reading].watch = watch
        return fresh

    def is_to_start_again(self) -> bool:
        """Return whether it is, now that it has ended; it is noted when, if so."""
        if time.monotonic() - self._started > _LONG_ENOUGH_SECONDS:
            self.restarts = 0
        wanted = {"always": True, "on-failure": self.status != 0}.get(self.plan["restart"], False)
        if not wanted or self.restarts >= MOST_RESTARTS or self._kill_at is not None:
            return False
        self.restarts += 1
        self.starts_at = time.monotonic() + _FIRST_PAUSE_SECONDS * 2 ** (self.restarts - 1)
        if self.pid is not None:
            signal_group(self.pid, signal.SIGKILL)
        self.pid = None
        return True

    def begin_stop(self) -> int | None:
        """Ask it to end; return the id of a process that does so, if it is ended by a command."""
        if not self.is_running or self._kill_at is not None:
            return None
        assert self.pid is not None  # noqa: S101 - it runs
        stop = self.plan["stop"]
        self._kill_at = time.monotonic() + stop["grace"]
        command, folder, variables = stop["command"], self.plan["folder"], self._variables

        def run_command() -> bool:
            os.chdir(folder)
            become(command, variables)

        ending = fork_check(run_command) if command else None
        if ending is None:
            signal_group(self.pid, getattr(signal, stop["signal"]))
        return ending

    def kill_if_late(self) -> None:
        """Kill it if it was asked to end and has not in time."""
        if self.is_running and self._kill_at is not None and time.monotonic() > self._kill_at:
            self.kill()

    def kill(self) -> None:
        """Kill it with all that is in its group."""
        if self.pid is not None:
            signal_group(self.pid, signal.SIGKILL)

    def how_it_ended(self) -> str:
        """Return what is said of its end."""
        if self.status is not None and self.status > SHELL_STATUS:
            number = self.status - SHELL_STATUS
            if name := name_of_signal(number):
                return f"was ended by {name}"
        return f"ended with status {self.status}"

    def _new_readiness(self) -> Readiness:
        return Readiness(self.plan["ready"], self.plan["folder"], self._variables)
