"""Whether what listens in a sandbox goes on answering, asked again and again in other processes."""

from __future__ import annotations

import os
import time

from twinhub_agent.bare import signal
from twinhub_agent.readiness import ANSWER_SECONDS, is_answered
from twinhub_agent.spawning import fork_check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

MOST_FAILURES = 3
"""In a row, until it counts as ill."""


class Check:
    """One address that is to answer."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        """Take what a plan says; the time to begin in counts from now."""
        self.process: str | None = plan["process"]
        """Whose address it is, where that is known."""
        self._address, self._every, self._begin = plan["http"], plan["every"], plan["begin"]
        self.is_healthy: bool | None = None
        """Null until it has answered, or the time to begin in is over."""
        self._checker: int | None = None
        self._news = False
        self.begin_anew()

    def begin_anew(self) -> None:
        """Give it time to begin in once more."""
        now = time.monotonic()
        self._next, self._patient_until = now, now + self._begin
        self._failures = 0
        self._stale = self._checker

    def ask(self) -> None:
        """Ask, if it is time to and nobody is asking."""
        now = time.monotonic()
        if self._checker is None and now >= self._next:
            self._next = now + self._every
            self._checker = fork_check(lambda: is_answered(self._address, ANSWER_SECONDS))

    def note_end(self, pid: int, status: int) -> bool:
        """Take the end of a process; return whether it was one that asked."""
        if pid != self._checker:
            return False
        self._checker = None
        if pid != self._stale:
            self._judge(answers=status == 0)
        return True

    def take_news(self) -> bool:
        """Return whether it is to be told of: it answers again, or has failed once too often."""
        news, self._news = self._news, False
        return news

    def cancel(self) -> None:
        """Have nobody ask any more."""
        if self._checker is not None:
            os.kill(self._checker, signal.SIGKILL)
            os.waitpid(self._checker, 0)
            self._checker = None

    def _judge(self, *, answers: bool) -> None:
        if answers:
            self._news = self.is_healthy is not True
            self.is_healthy, self._failures, self._patient_until = True, 0, 0.0
        elif time.monotonic() > self._patient_until:
            self._failures += 1
            if self._failures == MOST_FAILURES:
                self.is_healthy, self._news = False, True
