"""Following the log of a run while it is written, over all of its tries, until it has ended."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from twinhub_api.runner.logs import Heard, parse_record

from twinhub_runner.loglines import read_log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from twinhub_runner.runner import Runner

_POLL_SECONDS = 0.05
_QUIET_SECONDS = 15.0


async def follow(runner: Runner, run: str, attempt: int, start: int) -> AsyncIterator[Heard | None]:
    """Yield what a try and those after it print, from a place on; None where it is quiet long.

    A retry begins with the place 0 of its own log. The end is that of the run.
    """
    spoken = time.monotonic()
    is_over, row = False, None
    while True:
        piece = read_log(runner.places.of_try(run, attempt).outside / "log", start)
        if piece.records:
            start, spoken = piece.end, time.monotonic()
            records = piece.records.decode("utf-8", "replace").split("\n")
            lines = tuple(line for line in map(parse_record, records) if line is not None)
            yield Heard(attempt, start, lines)
            continue
        if not is_over:
            row = await asyncio.to_thread(runner.table.find, run)
            is_over = row is None or row.attempt > attempt or row.ended_at is not None
            if is_over:
                continue  # once more: what was printed since it was read
            await asyncio.sleep(_POLL_SECONDS)
        elif row is None or row.attempt <= attempt:
            return
        else:
            attempt, start, is_over = attempt + 1, 0, False
        if time.monotonic() - spoken > _QUIET_SECONDS:
            spoken = time.monotonic()
            yield None
