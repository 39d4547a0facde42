"""Turns: so much of one person's work is done at once, and the rest waits for it.

Work that reads or writes a disk is done in a bounded number of threads, which all people share.
Somebody who asks for much at once, such as the digests of endless files, would have them all.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twinhub_kit.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from twinhub_kit.callers import Caller

AT_ONCE = 8
"""Of the forty threads that anyio has."""
MOST_WAITING = 200


@dataclass
class _Queue:
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    count: int = 0
    """Those who have a turn, and those who wait."""


class Turns:
    """The turns of all people, for one event loop."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._queues: dict[str, _Queue] = {}

    @contextlib.asynccontextmanager
    async def take(self, caller: Caller) -> AsyncIterator[bool]:
        """Wait for a turn and have it for the block; where everybody is one caller, go on at once.

        The block is told whether it has waited: then the caller may have lost a right meanwhile.

        Raises:
            BusyError: so much of the caller's waits already.
        """
        if caller.is_everybody:
            yield False
            return
        queue = self._queues.setdefault(caller.name, _Queue())
        if queue.count >= AT_ONCE + MOST_WAITING:
            raise BusyError("So many requests of yours wait already: send fewer at once.")
        queue.count += 1
        try:
            has_to_wait = queue.turns.locked()
            async with queue.turns:
                yield has_to_wait
        finally:
            queue.count -= 1
            if not queue.count:
                del self._queues[caller.name]


@contextlib.asynccontextmanager
async def take_turn(request: Request, caller: Caller) -> AsyncIterator[bool]:
    """Have a turn for a block that serves a request in a thread; one that does not needs none.

    The block is told whether it has waited, as by `Turns.take`.

    Raises:
        BusyError: as `Turns.take`.
    """
    endpoint = getattr(request.scope.get("route"), "endpoint", None)
    if inspect.iscoroutinefunction(endpoint):
        yield False  # what it has done in threads is short, or takes a turn of its own
        return
    turns: Turns = request.app.state.turns
    async with turns.take(caller) as has_waited:
        yield has_waited
