"""Long work: its record, its progress, and its end."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from twinhub_api.operations import Operation, OperationStatus
from twinhub_api.wire import Wire
from twinhub_kit.callers import Caller
from twinhub_kit.database import Database
from twinhub_kit.errors import BusyError, NotAllowedError, UnknownError
from twinhub_kit.operation_table import KitBase
from twinhub_kit.operations import MOST_OPEN, Operations, anybody

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_kit.operations import Progress

ALICE, BOB = Caller("alice"), Caller("bob")


class Copied(Wire):
    files: int


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/service.sqlite"


@pytest.fixture
def operations(url: str) -> Iterator[Operations]:
    database = Database(url)
    database.make_tables(KitBase)
    opened = Operations(database, threads=2)
    yield opened
    opened.close()
    database.close()


def ended(operations: Operations, operation: Operation) -> Operation:
    def find() -> Operation | None:
        found = operations.get(ALICE, operation.id)
        return found if found.status.has_ended else None

    return wait_for(find, seconds=10, what="it has ended")


class Held:
    """Work that goes on until it is let go or cancelled."""

    def __init__(self) -> None:
        self.has_begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self, _: Caller, progress: Progress) -> Wire:
        progress.say("Copying", 3, 7)
        self.has_begun.set()
        while not self.may_end.wait(0.01):
            progress.check()
        return Copied(files=7)


def test_what_work_returns_is_the_result_of_its_operation(operations: Operations) -> None:
    made = operations.start(ALICE, "copy", "Copy a folder", anybody, lambda *_: Copied(files=2))
    found = ended(operations, made)
    assert found.status is OperationStatus.DONE
    assert found.result == {"files": 2}
    assert found.ended_at is not None


def test_work_under_way_tells_how_far_it_is(operations: Operations) -> None:
    held = Held()
    made = operations.start(ALICE, "copy", "Copy a folder", anybody, held)
    assert held.has_begun.wait(5)
    found = operations.get(ALICE, made.id)
    assert (found.status, found.text, found.done, found.total) == ("running", "Copying", 3, 7)
    held.may_end.set()
    assert ended(operations, made).status is OperationStatus.DONE


def test_cancelled_work_ends_at_its_next_check(operations: Operations) -> None:
    held = Held()
    made = operations.start(ALICE, "copy", "Copy a folder", anybody, held)
    assert held.has_begun.wait(5)
    operations.cancel(ALICE, made.id)
    assert ended(operations, made).status is OperationStatus.CANCELLED


def test_work_that_waits_is_cancelled_at_once(operations: Operations) -> None:
    held = [Held(), Held()]
    running = [operations.start(ALICE, "copy", "Copy", anybody, one) for one in held]
    waiting = operations.start(ALICE, "copy", "Copy", anybody, lambda *_: Copied(files=1))
    assert operations.cancel(ALICE, waiting.id).status is OperationStatus.CANCELLED
    for one in held:
        one.may_end.set()
    assert {ended(operations, one).status for one in running} == {OperationStatus.DONE}


def test_a_refusal_of_the_work_is_the_problem_of_its_operation(operations: Operations) -> None:
    def refuse(*_: object) -> Wire:
        raise NotAllowedError("Ask bob.")

    problem = ended(operations, operations.start(ALICE, "copy", "Copy", anybody, refuse)).problem
    assert problem is not None
    assert (problem.status, problem.code, problem.detail) == (403, "not-allowed", "Ask bob.")


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (Caller("alice"), "not-allowed"),
        (Caller("bob", frozenset({"pumps"})), "not-signed-in"),
        (None, "not-signed-in"),
    ],
)
def test_who_has_lost_a_right_while_work_waited_has_it_not_done(
    operations: Operations, found: Caller | None, code: str
) -> None:
    alice = Caller("alice", frozenset({"pumps"}), look_again=lambda: found)
    done: list[Caller] = []

    def check(caller: Caller) -> None:
        if "pumps" not in caller.groups:
            raise NotAllowedError("Ask bob.")

    def work(caller: Caller, _: Progress) -> Wire:
        done.append(caller)
        return Copied(files=1)

    problem = ended(operations, operations.start(alice, "copy", "Copy", check, work)).problem
    assert problem is not None
    assert (problem.code, done) == (code, [])


def test_work_is_given_the_caller_as_they_are_when_it_begins(operations: Operations) -> None:
    now = Caller("alice", frozenset({"pumps", "fans"}))
    done: list[Caller] = []

    def work(caller: Caller, _: Progress) -> Wire:
        done.append(caller)
        return Copied(files=1)

    alice = Caller("alice", look_again=lambda: now)
    ended(operations, operations.start(alice, "copy", "Copy", anybody, work))
    assert done == [now]


def test_a_fault_of_the_work_tells_nothing_of_what_is_inside(operations: Operations) -> None:
    def fail(*_: object) -> Wire:
        raise KeyError("/secret/path")

    found = ended(operations, operations.start(ALICE, "copy", "Copy", anybody, fail))
    assert found.status is OperationStatus.FAILED
    assert "secret" not in found.model_dump_json()


def test_nobody_sees_or_cancels_what_is_anothers(operations: Operations) -> None:
    held = Held()
    made = operations.start(ALICE, "copy", "Copy", anybody, held)
    for ask in (operations.get, operations.cancel):
        with pytest.raises(UnknownError):
            ask(BOB, made.id)
    assert operations.list(BOB) == ([], None)
    held.may_end.set()


def test_nobody_has_more_under_way_than_is_allowed(operations: Operations) -> None:
    held = [Held() for _ in range(MOST_OPEN)]
    for one in held:
        operations.start(ALICE, "copy", "Copy", anybody, one)
    with pytest.raises(BusyError):
        operations.start(ALICE, "copy", "Copy", anybody, Held())
    operations.start(BOB, "copy", "Copy", anybody, lambda *_: Copied(files=1))
    for one in held:
        one.may_end.set()


def test_a_list_comes_in_pages_the_newest_first(operations: Operations) -> None:
    made = [
        operations.start(ALICE, "copy", f"Copy {n}", anybody, lambda *_: Copied(files=1))
        for n in range(5)
    ]
    for one in made:
        ended(operations, one)
    first, after = operations.list(ALICE, limit=3)
    rest, end = operations.list(ALICE, limit=3, after=after)
    assert [one.title for one in (*first, *rest)] == [f"Copy {n}" for n in (4, 3, 2, 1, 0)]
    assert end is None


def test_what_a_stop_cut_off_is_interrupted(operations: Operations) -> None:
    held = Held()
    made = operations.start(ALICE, "copy", "Copy", anybody, held)
    assert held.has_begun.wait(5)
    operations.close()
    assert operations.get(ALICE, made.id).status is OperationStatus.INTERRUPTED


def test_what_a_crash_cut_off_is_interrupted_after_the_next_start(
    operations: Operations, url: str
) -> None:
    held = Held()
    made = operations.start(ALICE, "copy", "Copy", anybody, held)
    assert held.has_begun.wait(5)
    database = Database(url)
    again = Operations(database)  # as another process does while nothing has said that it ended
    assert again.get(ALICE, made.id).status is OperationStatus.INTERRUPTED
    again.close()
    database.close()
    held.may_end.set()


def test_work_of_one_person_never_holds_up_that_of_another(url: str) -> None:
    database = Database(url)
    database.make_tables(KitBase)
    operations = Operations(database)
    held = [Held() for _ in range(MOST_OPEN)]
    made = [
        operations.start(ALICE, "pull", "From a host that is slow", anybody, one) for one in held
    ]
    quick = operations.start(BOB, "copy", "Copy", anybody, lambda *_: Copied(files=1))
    found = partial(operations.get, BOB, quick.id)
    wait_for(lambda: found().status is OperationStatus.DONE, seconds=10, what="bob's has ended")
    for one in held:
        one.may_end.set()
    assert {ended(operations, one).status for one in made} == {OperationStatus.DONE}
    operations.close()
    database.close()


def test_operations_whose_end_cannot_be_written_down_keep_nobody_from_more(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(url)
    database.make_tables(KitBase)
    operations = Operations(database)

    def fail(_: object) -> None:
        if threading.current_thread().name.startswith("operation"):
            raise OperationalError("COMMIT", None, OSError("database or disk is full"))

    event.listen(database.engine, "commit", fail)
    for number in range(MOST_OPEN + 1):
        operations.start(ALICE, "copy", "Copy", anybody, lambda *_: Copied(files=1))
        told = partial(lambda count: caplog.text.count("not written down") > count, number)
        wait_for(told, seconds=10, what="the end is told")
        wait_for(lambda: not operations._open, seconds=10, what="it is not open")
    event.remove(database.engine, "commit", fail)
    operations.close()
    assert {one.status for one in Operations(database).list(ALICE)[0]} == {
        OperationStatus.INTERRUPTED
    }
    database.close()
