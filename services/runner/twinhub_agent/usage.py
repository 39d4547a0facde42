"""What the processes of a phase use, looked at while it runs."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twinhub_agent.load import Load
    from twinhub_agent.memory import Memory
    from twinhub_agent.processes import Process

LOAD_SECONDS = 2.0
"""How often it is written down."""
_FIRST_SECONDS = 0.1
"""Before this it is not looked whether they have too much memory."""


class Usage:
    """What is used, and what of it is too much."""

    def __init__(self, outside: str, memory: int | None, say: Callable[[str], None]) -> None:
        """Take how many bytes of memory may be used, None where others see to that."""
        self._outside, self._say = outside, say
        self._load: Load | None = None
        self._memory: Memory | None = None
        self._most = memory if os.getpid() == 1 else None
        """Only the first process of a sandbox sees all in it, and nothing else."""
        now = time.monotonic()
        self._load_at, self._memory_at = now + LOAD_SECONDS, now + _FIRST_SECONDS

    def look(self, processes: Iterable[Process]) -> None:
        """Look if it is time to; of a phase that is over soon, nobody asks."""
        now = time.monotonic()
        if now >= self._load_at:
            from twinhub_agent.load import Load  # noqa: PLC0415 - most phases are short

            self._load_at = now + LOAD_SECONDS
            self._load = self._load or Load(f"{self._outside}/load.json")
            self._load.look(processes)
        if self._most is not None and now >= self._memory_at:
            from twinhub_agent.memory import Memory  # noqa: PLC0415 - as above

            self._memory = self._memory or Memory(self._most, self._outside, self._say)
            self._memory.look()
