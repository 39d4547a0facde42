"""Tasks beside the requests: begun and ended by the application's lifespan, logged, and repeated.

A part adds its tasks when it is put together; nothing runs before the application serves. A task
that fails is logged and tried again later, each time after twice as long, up to ten minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Work = Callable[[], None] | Callable[[], Awaitable[None]]

_log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 600.0


@dataclass(frozen=True)
class _Task:
    name: str
    work: Work
    period_seconds: float | None
    """None of a continuous one."""
    first_after_seconds: float = 0.0


@dataclass
class TaskState:
    """How a task is doing, for health pages and metrics."""

    runs: int = 0
    failures: int = 0
    failed_in_a_row: int = 0
    last_ended: float | None = None
    """Monotonic clock."""


@dataclass
class Background:
    """The tasks of one service."""

    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when tasks are to end: for those that run in a thread and take long."""
    states: dict[str, TaskState] = field(default_factory=dict)
    _tasks: list[_Task] = field(default_factory=list)

    def every(
        self, seconds: float, name: str, work: Work, *, first_after_seconds: float = 0.0
    ) -> None:
        """Do work again and again, so long after it has ended; a plain function in a thread."""
        self._add(_Task(name, work, seconds, first_after_seconds))

    def keep(self, name: str, work: Work) -> None:
        """Have work that goes on for ever; it is begun anew when it ends or fails.

        A plain function runs in a thread and has to look at ``stopping``.
        """
        self._add(_Task(name, work, None))

    def _add(self, task: _Task) -> None:
        if task.name in self.states:
            raise ValueError(f"two tasks are called {task.name!r}")
        self.states[task.name] = TaskState()
        self._tasks.append(task)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have all tasks go on within the block; after it none does any more.

        It ends when each thread has: those that take long look at ``stopping``.
        """
        self.stopping.clear()
        tasks = [asyncio.create_task(self._supervise(one), name=one.name) for one in self._tasks]
        try:
            yield
        finally:
            self.stopping.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _supervise(self, task: _Task) -> None:
        state = self.states[task.name]
        await asyncio.sleep(task.first_after_seconds)
        while not self.stopping.is_set():
            try:
                await _do(task.work)
            except Exception:  # noqa: BLE001 - the one place where a fault only delays
                state.failures += 1
                state.failed_in_a_row += 1
                _log.error("task failed name=%s", task.name, exc_info=True)
            else:
                state.failed_in_a_row = 0
            state.runs += 1
            state.last_ended = time.monotonic()
            await asyncio.sleep(_pause(task, state))


async def _do(work: Work) -> None:
    if iscoroutinefunction(work) or (isinstance(work, partial) and iscoroutinefunction(work.func)):
        await work()
    else:
        done = await _do_in_thread(work)
        if done is not None:
            await done


async def _do_in_thread(work: Work) -> Awaitable[None] | None:
    """Do work in a thread; nothing can end it from outside, so whoever is cancelled waits."""
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        if error := doing.exception():
            _log.error("task failed as it was to end", exc_info=error)
        raise


def _pause(task: _Task, state: TaskState) -> float:
    period = _FIRST_PAUSE_SECONDS if task.period_seconds is None else task.period_seconds
    if state.failed_in_a_row == 0:
        return period
    backed_off = _FIRST_PAUSE_SECONDS * 2.0 ** min(state.failed_in_a_row - 1, 10)
    return max(period, min(backed_off, _LONGEST_PAUSE_SECONDS))
