"""Long work: done in threads of its own, with progress, a way to stop it, and a record that lasts.

A route starts it and answers 202 with the operation; the client asks how far it is. What a crash or
a stop of the service has cut off is `interrupted` after the next start: work is written so that
doing it once more is right. Whoever asks for work may lose the right to it while it waits, so their
rights are looked at once more when it begins.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from concurrent.futures import wait
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from twinhub_api.operations import Operation, OperationStatus

from twinhub_kit.errors import (
    BusyError,
    CancelledError,
    NotSignedInError,
    ServiceError,
    UnknownError,
)
from twinhub_kit.fair_pool import FairPool
from twinhub_kit.numbers import read_number
from twinhub_kit.operation_table import OperationRow, OperationTable
from twinhub_kit.problems import FAULT, make_problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from twinhub_api.problems import Problem
    from twinhub_api.wire import Wire

    from twinhub_kit.callers import Caller
    from twinhub_kit.database import Database

_log = logging.getLogger(__name__)

THREADS = 6
AT_ONCE = 2
"""Operations of one person that run at once; the others wait, and those of other people do not."""
MOST_OPEN = 16
"""Operations that one person may have waiting and running."""
KEPT = 200
"""Ended operations of one person that are remembered."""


@dataclass
class Progress:
    """What work tells of itself, and how it learns that it is to end."""

    text: str = ""
    done: int = 0
    total: int | None = None
    _is_cancelled: threading.Event = field(default_factory=threading.Event, repr=False)

    def say(self, text: str, done: int = 0, total: int | None = None) -> None:
        """Tell what is being done; costs nothing, also for each of many files.

        Raises:
            CancelledError: the work is to end.
        """
        self.check()
        self.text, self.done, self.total = text, done, total

    def check(self) -> None:
        """Return if the work is to go on.

        Raises:
            CancelledError: it is to end; let it pass, after undoing what is half done.
        """
        if self._is_cancelled.is_set():
            raise CancelledError("This was cancelled.")

    def cancel(self) -> None:
        """Have the next `check` end the work."""
        self._is_cancelled.set()


class Operations:
    """The long work of one service."""

    def __init__(self, database: Database, *, threads: int = THREADS) -> None:
        """Prepare threads; what an earlier process left is marked as interrupted."""
        self._table = OperationTable(database)
        left = self._table.end_all(OperationStatus.INTERRUPTED, at=time.time())
        if left:
            _log.warning("operations interrupted count=%d", left)
        self._pool: FairPool[Wire] = FairPool(threads, at_once=AT_ONCE)
        self._lock = threading.Lock()
        self._open: dict[str, tuple[str, Progress, Future[Wire]]] = {}
        self._is_closing = False

    def start(
        self, caller: Caller, kind: str, title: str, check: Callable[[Caller], object],
        work: Callable[[Caller, Progress], Wire],
    ) -> Operation:  # fmt: skip
        """Have work done soon; it returns what the operation's ``result`` is to be.

        When it begins ``check`` refuses, by raising, a caller who may not have it done; it and the
        work are given the caller with the groups and scopes that they have then. A `ServiceError`
        of either becomes the operation's problem, any other a fault in the log.

        Raises:
            BusyError: the caller has too much under way.
        """
        operation_id = secrets.token_hex(10)
        row = OperationRow(
            id=operation_id, owner=caller.name, kind=kind, title=title,
            status=OperationStatus.WAITING.value, created_at=time.time(),
        )  # fmt: skip
        progress = Progress()
        with self._lock:
            if sum(owner == caller.name for owner, *_ in self._open.values()) >= MOST_OPEN:
                raise BusyError(f"{MOST_OPEN} things of yours are under way: wait until one is.")
            operation = self._table.add(row, keep=KEPT)
            do = partial(self._do, operation_id, progress, partial(_begin, caller, check, work))
            end = partial(self._end, operation_id)  # waits for the lock
            future = self._pool.submit(caller.name, do, then=end)
            self._open[operation_id] = (caller.name, progress, future)
        return operation

    def list(
        self, caller: Caller, *, limit: int = 100, after: str | None = None
    ) -> tuple[list[Operation], str | None]:
        """Return the caller's own, the newest first, and what ``after`` is for more."""
        before = read_number(after) if after else None
        found = self._table.page(caller.name, limit=limit + 1, before=before)
        more = str(found[limit - 1][0]) if len(found) > limit else None
        return [self._with_progress(operation) for _, operation in found[:limit]], more

    def get(self, caller: Caller, operation_id: str) -> Operation:
        """Return one of the caller's own.

        Raises:
            UnknownError: the caller has none such.
        """
        found = self._table.find(caller.name, operation_id)
        if found is None:
            raise UnknownError(f"You have no operation {operation_id}.")
        return self._with_progress(found)

    def cancel(self, caller: Caller, operation_id: str) -> Operation:
        """Tell one of the caller's own to end; one that has ended stays as it is.

        Raises:
            UnknownError: the caller has none such.
        """
        self.get(caller, operation_id)
        with self._lock:
            known = self._open.get(operation_id)
        if known:
            known[1].cancel()
            known[2].cancel()  # does something only while it waits
        return self.get(caller, operation_id)

    def forget_owner(self, name: str, *, seconds: float = 30.0) -> None:
        """End what somebody has under way, and forget all that they ever had; repeatable.

        Raises:
            BusyError: something of theirs does not end within so many seconds.
        """
        with self._lock:
            own = [known for known in self._open.values() if known[0] == name]
        for _, progress, future in own:
            progress.cancel()
            future.cancel()  # does something only while it waits
        if wait([future for *_, future in own], timeout=seconds).not_done:
            raise BusyError(f"Work of {name} does not end at once: try again in a minute.")
        self._table.forget_owner(name)

    def close(self) -> None:
        """End all work, each at its next `Progress.check`, and wait for it."""
        self._is_closing = True
        with self._lock:
            known = list(self._open.values())
        for _, progress, _ in known:
            progress.cancel()
        self._pool.close()

    def _do(self, operation_id: str, progress: Progress, work: Callable[[Progress], Wire]) -> Wire:
        progress.check()
        self._table.begin(operation_id)
        return work(progress)

    def _end(self, operation_id: str, future: Future[Wire]) -> None:
        """Write down how it ended; called in the thread that did it, or that cancelled it.

        What the database does not take, such as when it is full, is marked at the next start.
        """
        try:
            self._write_end(operation_id, future)
        except ServiceError as error:
            _log.error("operation=%s has ended, which is not written down: %s", operation_id, error)
        finally:
            with self._lock:
                self._open.pop(operation_id, None)

    def _write_end(self, operation_id: str, future: Future[Wire]) -> None:
        finish = partial(self._table.end, operation_id, at=time.time())
        error = None if future.cancelled() else future.exception()
        if future.cancelled() or isinstance(error, CancelledError):
            finish(_CLOSED if self._is_closing else OperationStatus.CANCELLED)
        elif error is None:
            finish(OperationStatus.DONE, result=future.result().model_dump(mode="json"))
        else:
            if not isinstance(error, ServiceError):
                _log.error("fault operation=%s", operation_id, exc_info=error)
            finish(OperationStatus.FAILED, problem=_problem(error))

    def _with_progress(self, operation: Operation) -> Operation:
        with self._lock:
            known = self._open.get(operation.id)
        if known is None or operation.status.has_ended:
            return operation
        told = {"text": known[1].text, "done": known[1].done, "total": known[1].total}
        return operation.model_copy(update=told)


_CLOSED = OperationStatus.INTERRUPTED


def anybody(caller: Caller) -> None:
    """Refuse nobody: the check of work that whoever is signed in may have done."""
    del caller


def _begin(
    caller: Caller,
    check: Callable[[Caller], object],
    work: Callable[[Caller, Progress], Wire],
    progress: Progress,
) -> Wire:
    """Do work for a caller who may still have it done.

    Raises:
        NotSignedInError: the token that asked for it has ended.
    """
    now = caller.look_again() if caller.look_again else caller
    if now is None or now.name != caller.name:
        raise NotSignedInError("Your session has ended while this waited: sign in, and ask again.")
    check(now)
    return work(now, progress)


def _problem(error: BaseException) -> Problem:
    if not isinstance(error, ServiceError):
        return make_problem(HTTPStatus.INTERNAL_SERVER_ERROR, FAULT, code="fault")
    return make_problem(error.status, str(error), code=error.code)
