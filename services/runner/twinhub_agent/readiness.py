"""How one sees that a process is ready for those that come after it."""

from __future__ import annotations

import os
import time

from twinhub_agent.bare import signal
from twinhub_agent.spawning import become, fork_check

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping
    from typing import Any

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0
_CHECK_SECONDS = 10.0
ANSWER_SECONDS = 5.0
_FIRST_ERROR_STATUS = 400


class Readiness:
    """Asks again and again, in processes of its own, until it holds or the time is over."""

    def __init__(self, plan: Mapping[str, Any], folder: str, variables: Mapping[str, str]) -> None:
        """Take what a plan says; nothing is asked yet."""
        self._plan, self._folder, self._variables = plan, folder, variables
        self.is_ready = not plan
        self._pause = _FIRST_PAUSE
        self._next = 0.0
        self._checker: int | None = None
        self.deadline = 0.0

    def begin(self) -> Callable[[bytes], bool] | None:
        """Begin to count the time; return what is to be shown each line, if lines are the sign."""
        self.deadline = time.monotonic() + float(self._plan.get("within", 0))
        return self._see_line if "log" in self._plan else None

    def is_late(self) -> bool:
        """Return whether the time is over."""
        return not self.is_ready and time.monotonic() > self.deadline

    def ask(self) -> None:
        """Ask, if it is time to and nobody is asking."""
        now = time.monotonic()
        if self.is_ready or self._checker is not None or now < self._next or "log" in self._plan:
            return
        if "file" in self._plan:
            self.is_ready = os.path.exists(os.path.join(self._folder, self._plan["file"]))
        else:
            self._checker = fork_check(self._holds)
        self._wait(now)

    def note_end(self, pid: int, status: int) -> bool:
        """Take the end of a process; return whether it was one that asked."""
        if pid != self._checker:
            return False
        self._checker = None
        self.is_ready = status == 0
        return True

    def describe(self) -> str:
        """Return what is waited for."""
        kind = next(key for key in self._plan if key != "within")
        return f"{kind} {self._plan[kind]}"

    def _wait(self, now: float) -> None:
        self._next = now + self._pause
        self._pause = min(self._pause * 1.5, _LONGEST_PAUSE)

    def _see_line(self, line: bytes) -> bool:
        text = line.decode("utf-8", "replace")
        self.is_ready = _compiled(self._plan["log"]).search(text) is not None
        return self.is_ready

    def _holds(self) -> bool:
        if "port" in self._plan:
            import socket  # noqa: PLC0415 - in the checking process alone

            socket.create_connection(("localhost", int(self._plan["port"])), ANSWER_SECONDS)
            return True
        if "http" in self._plan:
            return is_answered(self._plan["http"], ANSWER_SECONDS)
        os.chdir(self._folder)
        signal.alarm(int(_CHECK_SECONDS))
        command = self._plan["command"]
        return become(command, self._variables)


def _compiled(log: str) -> re.Pattern[str]:
    import re  # noqa: PLC0415 - where no line is waited for, it is not needed

    try:
        return re.compile(log)
    except re.error:  # plain text, then
        return re.compile(re.escape(log))


def is_answered(address: str, seconds: float) -> bool:
    """Return whether an address answers in time, with a status that tells of no error."""
    import urllib.request  # noqa: PLC0415 - half of the time that the agent takes to start

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=seconds) as answer:
        return bool(answer.status < _FIRST_ERROR_STATUS)
