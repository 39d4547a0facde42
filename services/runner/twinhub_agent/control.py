"""What is run inside a sandbox beside its phase, because somebody asked: commands, other phases.

A request is a file ``<name>.json`` in one folder, with the plan of a process; its answer is a file
of the same name in another one. A request with an answer is done, whoever asks again.
"""

from __future__ import annotations

import os
import sys
import time

from twinhub_agent.bare import load
from twinhub_agent.journal import write_whole
from twinhub_agent.processes import Process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twinhub_agent.logs import Log

_CALL = (sys.executable, "-I", "-S", f"{os.path.dirname(os.path.abspath(__file__))}/calling.py")
_SETTLED_NANOSECONDS = 1_000_000_000
"""Within this time a folder may change without its time of change showing it."""


class Control:
    """The requests to one sandbox."""

    def __init__(self, requests: str, answers: str) -> None:
        """Take requests from a folder and answer into another one, which is made."""
        self._requests, self._answers = requests, answers
        os.makedirs(answers, mode=0o700, exist_ok=True)
        self._seen: set[str] = set(os.listdir(answers))
        self._changed = 0
        self._running: dict[str, Process] = {}
        self._names: set[str] = set()
        self._untold: dict[str, int | None] = {}
        """Answers that the disk had no room for, which are written later."""

    @property
    def processes(self) -> tuple[Process, ...]:
        """Those that run because somebody asked."""
        return tuple(self._running.values())

    @property
    def is_busy(self) -> bool:
        """Whether one runs."""
        return bool(self._running)

    def was_asked_for(self, name: str) -> bool:
        """Return whether a process of a name was started."""
        return name in self._names

    def runs(self, name: str) -> bool:
        """Return whether a process of a name runs."""
        return any(one.name == name for one in self._running.values())

    def take(self, log: Log, see: Callable[[bytes], None]) -> Iterator[Process]:
        """Yield a process for each new request, to be started."""
        for name in list(self._untold):
            self._answer(name, self._untold.pop(name))
        try:
            changed = os.stat(self._requests).st_mtime_ns
        except OSError:
            return
        if changed == self._changed and time.time_ns() - changed > _SETTLED_NANOSECONDS:
            return
        self._changed = changed
        for name in sorted(os.listdir(self._requests)):
            if name.endswith(".json") and name not in self._seen:
                self._seen.add(name)
                plan = load(f"{self._requests}/{name}")
                self._names.add(plan["name"])
                if plan.get("is_call"):
                    plan["command"] = [*_CALL, *plan["command"]]
                self._running[name] = Process(plan["name"], plan, log, see)
                yield self._running[name]

    def kill_late(self) -> None:
        """Kill what was asked to end and has not in time."""
        for process in self._running.values():
            process.kill_if_late()

    def note_end(self, process: Process) -> bool:
        """Answer the request that a process was started for; return whether there is one."""
        for name, one in self._running.items():
            if one is process:
                del self._running[name]
                self._answer(name, process.status)
                return True
        return False

    def _answer(self, name: str, status: int | None) -> None:
        try:
            write_whole(f"{self._answers}/{name}", {"status": status})
        except OSError:
            self._untold[name] = status

    def note_failure(self, process: Process) -> None:
        """Answer that a process could not be started."""
        process.status = 125
        self.note_end(process)
