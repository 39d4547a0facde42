"""A queue before the engine: when a class starts, everybody waits and nobody is refused."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil
from statistics import fmean
from time import monotonic
from typing import TYPE_CHECKING

from prometheus_client import Gauge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    _Tell = Callable[["Waiting"], Awaitable[None]]

_REMEMBERED = 20
_TELL_SECONDS = 2.0

LENGTH = Gauge("twinhub_start_queue_length", "Starts that wait for a place.")


@dataclass(frozen=True)
class Waiting:
    """How far a start has come in the queue."""

    position: int
    """1 is next."""
    length: int
    seconds: float | None
    """Estimate until its turn; None before any start has ended."""

    def __str__(self) -> str:
        """Return a sentence for the person who waits."""
        text = f"Place {self.position} of {self.length} in the queue"
        if self.seconds is None:
            return text
        return f"{text}, about {_rounded(self.seconds)}"


class StartQueue:
    """At most some starts at once, the others in the order in which they came.

    Not for several threads. A waiter that is cancelled leaves the queue; a place that was given to
    it at that moment goes to the next.
    """

    def __init__(self, places: int) -> None:
        """Begin with all places free."""
        self._places = places
        self._free = places
        self._turns: deque[asyncio.Future[None]] = deque()
        self._durations: deque[float] = deque(maxlen=_REMEMBERED)

    @asynccontextmanager
    async def place(self, tell: _Tell) -> AsyncIterator[None]:
        """Wait for a place and hold it; ``tell`` is awaited when the position has changed."""
        await self._wait(tell)
        begun = monotonic()
        try:
            yield
            self._durations.append(monotonic() - begun)  # a failed one says nothing of the next
        finally:
            self._release()

    async def _wait(self, tell: _Tell) -> None:
        if self._free and not self._turns:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        LENGTH.inc()
        try:
            await self._tell_until(turn, tell)
        except BaseException:
            if turn.done():
                self._release()
            else:
                self._turns.remove(turn)
            raise
        finally:
            LENGTH.dec()

    async def _tell_until(self, turn: asyncio.Future[None], tell: _Tell) -> None:
        told = None
        while not turn.done():
            now = self._waiting(turn)
            if told is None or told.position != now.position:
                await tell(now)
                told = now
            await asyncio.wait({turn}, timeout=_TELL_SECONDS)

    def _waiting(self, turn: asyncio.Future[None]) -> Waiting:
        position = self._turns.index(turn) + 1
        mean = fmean(self._durations) if self._durations else None
        rounds = ceil(position / self._places)
        return Waiting(position, len(self._turns), None if mean is None else rounds * mean)

    def _release(self) -> None:
        if self._turns:
            self._turns.popleft().set_result(None)
        else:
            self._free += 1


def _rounded(seconds: float) -> str:
    """Return a time as one says it: no more exact than it is known."""
    if seconds < 10:  # noqa: PLR2004 - below it a figure would move faster than one reads
        return "10 s"
    if seconds < 60:  # noqa: PLR2004
        return f"{ceil(seconds / 10) * 10} s"
    return f"{ceil(seconds / 60)} min"
