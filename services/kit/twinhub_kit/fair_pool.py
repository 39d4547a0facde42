"""Threads that nobody has all of: of one owner's work so much is done at once, in order."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


@dataclass(frozen=True)
class _Waiting(Generic[_T]):
    owner: str
    work: Callable[[], _T]
    future: Future[_T]


class FairPool(Generic[_T]):
    """A pool of threads; what its owner has too much of waits while that of others goes on."""

    def __init__(self, threads: int, *, at_once: int) -> None:
        """Have so many threads, of which one owner has at most ``at_once``."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="operation")
        self._threads, self._at_once = threads, at_once
        self._lock = threading.Lock()
        self._waiting: list[_Waiting[_T]] = []
        self._running: Counter[str] = Counter()

    def submit(
        self, owner: str, work: Callable[[], _T], *, then: Callable[[Future[_T]], None]
    ) -> Future[_T]:
        """Have work done soon, and ``then`` be called in the thread that did it.

        A future that is cancelled before is not begun; ``then`` is called by whoever cancels it.
        """
        one = _Waiting(owner, work, Future())
        one.future.add_done_callback(then)
        with self._lock:
            self._waiting.append(one)
            self._begin_some()
        return one.future

    def close(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        with self._lock:
            left, self._waiting = self._waiting, []
        for one in left:
            one.future.cancel()
        self._pool.shutdown()

    def _begin_some(self) -> None:
        for one in list(self._waiting):
            if self._running.total() >= self._threads:
                return
            if self._running[one.owner] < self._at_once:
                self._waiting.remove(one)
                self._running[one.owner] += 1
                self._pool.submit(self._do, one)

    def _do(self, one: _Waiting[_T]) -> None:
        if one.future.set_running_or_notify_cancel():
            try:
                result = one.work()
            except BaseException as error:  # noqa: BLE001 - raised again by `Future.result`
                one.future.set_exception(error)
            else:
                one.future.set_result(result)
        with self._lock:
            self._running[one.owner] -= 1
            if not self._running[one.owner]:
                del self._running[one.owner]
            self._begin_some()
