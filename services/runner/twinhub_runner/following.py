"""Following the log of a run while it is written, over all of its tries, until it has ended."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from twinhub_api.runner.logs import Heard, parse_record
from twinhub_kit.errors import BusyError, UnavailableError

from twinhub_runner.loglines import read_log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from twinhub_kit.callers import Caller

    from twinhub_runner.places import Places
    from twinhub_runner.store.rows import RunRow

MOST_FOLLOWED = 100
"""Logs that one person follows at once: each takes a connection, and looks again and again."""
_POLL_SECONDS = 0.05
_REST_FACTOR = 200
"""Looking takes no larger a part of the time, whatever a twin has put beside its log."""
_LOOK_SECONDS = 0.2
_QUIET_SECONDS = 15.0


class Followers:
    """How many logs each person follows."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._counts: Counter[str] = Counter()
        self._are_to_end = False

    def end(self) -> None:
        """Have all of them end: the runner does."""
        self._are_to_end = True

    def begin(self, caller: Caller) -> Callable[[], None]:
        """Count one more; call what is returned when it has ended.

        It is counted before anything else is waited for, so that many at once are not more.

        Raises:
            BusyError: the caller follows many already.
            UnavailableError: all are to end.
        """
        self.check_end()
        if self._counts[caller.name] >= MOST_FOLLOWED and not caller.is_everybody:
            raise BusyError(f"You follow {MOST_FOLLOWED} logs at once: end some.")
        self._counts[caller.name] += 1
        return partial(self._end_one, caller.name)

    def check_end(self) -> None:
        """Refuse to go on where all are to end.

        Raises:
            UnavailableError: they are.
        """
        if self._are_to_end:
            raise UnavailableError("The runner ends: follow the log again in a moment.")

    def _end_one(self, name: str) -> None:
        self._counts[name] -= 1
        if not self._counts[name]:
            del self._counts[name]


async def follow(
    places: Places, look: Callable[[], Awaitable[RunRow]], run: str, attempt: int, start: int
) -> AsyncIterator[Heard | None]:
    """Yield what a try and those after it print, from a place on; None where it is quiet long.

    A retry begins with the place 0 of its own log. ``look`` returns the run as it is, or raises a
    `ServiceError` when it may be seen no more. Only where the run has ended is the end of this one.

    Raises:
        ServiceError: as ``look``.
    """
    row = await look()
    spoken = looked = time.monotonic()
    is_over = row.attempt > attempt or row.ended_at is not None
    while True:
        before = time.monotonic()
        piece = read_log(places.of_try(run, attempt).outside / "log", start)
        now = time.monotonic()
        if piece.records:
            start, spoken = piece.end, now
            records = piece.records.decode("utf-8", "replace").split("\n")
            yield Heard(
                attempt, start, tuple(line for one in records if (line := parse_record(one)))
            )
        if now - looked > _LOOK_SECONDS and not is_over:
            looked, row = now, await look()
            is_over = row.attempt > attempt or row.ended_at is not None
        elif piece.records:
            continue
        elif not is_over:
            await asyncio.sleep(max(_POLL_SECONDS, _REST_FACTOR * (now - before)))
        elif row.attempt <= attempt:
            return
        else:
            attempt, start, is_over = attempt + 1, 0, False
        if now - spoken > _QUIET_SECONDS:
            spoken = now
            yield None
