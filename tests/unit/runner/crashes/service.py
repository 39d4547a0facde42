"""A runner that falls over at a chosen point, and is built anew on what it has left."""

from __future__ import annotations

import random
from collections import defaultdict
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from sqlalchemy import event, select
from sqlalchemy.orm import Session
from twinhub_api.runner.runs import Status, Submission, Target
from twinhub_kit.callers import Caller
from twinhub_kit.database import Database
from twinhub_runner.moves import LEGAL
from twinhub_runner.queueing import Caps
from twinhub_runner.runner import Runner, make_runner
from twinhub_runner.scheduling import Pace
from twinhub_runner.settings import RunnerSettings
from twinhub_runner.store.base import Base
from twinhub_runner.store.rows import EventRow, RunRow

from tests.unit.runner.crashes.model import Kind, Model
from tests.unit.runner.crashes.software import IMPOSSIBLE, RELUCTANT, Software

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from sqlite3 import Connection

TWIN = """\
format: 1
name: tank
environment: {{packages: [{package}]}}
phases:
  create: {{command: [make]}}
  execute: {{command: [run], retries: 2}}
  clean: {{command: [remove]}}
"""
TWINS = {"tank": "", "pump": "numpy", "pipe": RELUCTANT, "rig": IMPOSSIBLE}
"""By name: the Python package that it asks for."""
CAPS = Caps(all=5, each_user=3)
AT_ONCE = Pace(
    tick=0, look=0, build=0, killed=0, idle=0, sweep=0,
    first_delay=0, longest_delay=0, first_retry=0,
)  # fmt: skip
_USERS = ("ada", "bob", "eve")
_MOST_TURNS, _PATIENCE = 300, 8


T = TypeVar("T")
Given = ParamSpec("Given")


class CrashError(BaseException):
    """The process has ended, wherever it was."""


class Inline(Executor):
    """Does at once what it is given, so that the order is always the same."""

    def submit(
        self, work: Callable[Given, T], /, *arguments: Given.args, **named: Given.kwargs
    ) -> Future[T]:
        """Do it."""
        done: Future[T] = Future()
        done.set_result(work(*arguments, **named))
        return done


class Service:
    """A runner over a model of sandboxes, with people who ask for things."""

    def __init__(self, folder: Path, seed: int, crash_at: int | None = None) -> None:
        """Begin with nothing; the runner falls over when it has touched the world so often."""
        self.model = Model(seed)
        self.model.touch = self._touch
        self.software = Software(self._touch)
        self.points = 0
        self.crashes = 0
        self._crash_at = crash_at
        self._random = random.Random(seed)  # noqa: S311 - the same each time
        self._settings = RunnerSettings(folder / "assets", folder, caps=CAPS)
        for user in _USERS:
            for twin, package in TWINS.items():
                place = folder / "assets" / user / "digital_twins" / twin
                place.mkdir(parents=True)
                (place / "twin.yaml").write_text(TWIN.format(package=package))
        self._database = Database(self._settings.database)
        event.listen(self._database.engine, "connect", do_without_the_disk)
        self._database.make_tables(Base)
        self.acknowledged: dict[str, list[str]] = {}
        """By the key that they were asked for with."""
        self._asked: dict[str, tuple[str, Submission]] = {}
        self.runner = self._build()

    # -- what happens

    def submit(self) -> list[str]:
        """Ask for some phases of a twin, again until there is an answer; return the runs."""
        user, key = self._random.choice(_USERS), f"key-{len(self.acknowledged)}"
        phases = self._random.choice([("execute",), ("create", "execute", "clean")])
        twin = self._random.choice([*TWINS])
        runs = self._insist(
            lambda: self.runner.submit(Caller(user), Submission(twin=twin, phases=phases), key)
        )
        self.acknowledged[key] = [run.id for run in runs]
        self._asked[key] = (user, Submission(twin=twin, phases=phases))
        return self.acknowledged[key]

    def submit_again(self, run: str) -> None:
        """Ask with the key of a run once more: the same runs are answered."""
        key = next(key for key, runs in self.acknowledged.items() if run in runs)
        user, asked = self._asked[key]
        runs = self._insist(lambda: self.runner.submit(Caller(user), asked, key))
        assert [one.id for one in runs] == self.acknowledged[key]

    def crash_after(self, points: int) -> None:
        """Have the runner fall over when it has touched the world so often from now on."""
        self._crash_at = self.points + points

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def aim(self, run: str, target: Target) -> None:
        """Say what is wanted of a run, again until there is an answer."""
        self._insist(lambda: self.runner.aim(Caller("", is_everybody=True), run, target))

    def turn(self) -> None:
        """Let the runner do what is to be done."""
        self.runner.scheduler.wake()
        self._insist(lambda: self.runner.scheduler.turn(Inline()))

    def tick(self) -> None:
        """Let time pass in the sandboxes and in what is being built."""
        self.model.tick()
        self.software.tick()

    def play(self) -> None:
        """Ask for things, end some of them, and let all come to its end."""
        for _ in range(4):
            self.submit()
            self.turn()
            self.tick()
            if self._random.random() < 0.5:
                run = self._random.choice(
                    [run for runs in self.acknowledged.values() for run in runs]
                )
                self.aim(run, self._random.choice((Target.STOP, Target.KILL)))
            self.turn()
        self.settle()

    def settle(self) -> None:
        """Let all end; what would go on for ever is killed."""
        for count in range(_MOST_TURNS):
            self.turn()
            self.tick()
            rows = self.rows()
            if all(row.ended_at is not None for row in rows):
                self.turn()
                return
            for row in rows if count > _PATIENCE else ():
                sandbox = self.model.sandboxes.get(f"{row.id}-{row.attempt}")
                if sandbox and sandbox.lives and sandbox.kind in {Kind.ENDLESS, Kind.STUBBORN}:
                    self.aim(row.id, Target.KILL)
        raise AssertionError("not all ends: " + self.describe())

    # -- what has come of it

    def rows(self) -> list[RunRow]:
        """Return all runs."""
        with Session(self._database.engine) as session:
            return list(session.scalars(select(RunRow).order_by(RunRow.number)))

    def describe(self) -> str:
        """Return the open runs, for people."""
        return ", ".join(
            f"{row.id}: {row.status} to {row.target}" for row in self.rows() if not row.ended_at
        )

    def check(self) -> None:
        """Find fault with the history.

        Raises:
            AssertionError: something that was acknowledged is lost, or has happened twice.
        """
        rows = {row.id: row for row in self.rows()}
        asked = [run for runs in self.acknowledged.values() for run in runs]
        assert sorted(asked) == sorted(rows), "what was acknowledged is what there is"
        assert not [*self.model.faults, *self.software.faults]
        left = [name for name, one in self.model.sandboxes.items() if one.exists]
        assert not left, f"sandboxes are left behind: {left}"
        moves = self._moves()
        for run, row in rows.items():
            _check_moves(moves[run], Status(row.status))
            self._check_truth(row)

    def _moves(self) -> dict[str, list[Status]]:
        found: dict[str, list[Status]] = defaultdict(list)
        with Session(self._database.engine) as session:
            for one in session.scalars(select(EventRow).order_by(EventRow.number)):
                if one.after is not None:
                    found[one.run].append(Status(one.after))
        return found

    def _check_truth(self, row: RunRow) -> None:
        """Compare what is said of a run with what its sandboxes did."""
        begun = self.model.begun[row.id]
        assert begun <= row.retries + 1
        assert begun <= row.attempt
        last = self.model.sandboxes.get(f"{row.id}-{row.attempt}")
        match Status(row.status):
            case Status.SUCCEEDED:
                assert last
                assert last.result == (0, "ended")
            case Status.FAILED if row.twin.endswith("/rig"):
                assert not last
            case Status.FAILED:
                assert last
                assert last.kind in {Kind.FAILS, Kind.IMPOSSIBLE}
            case Status.LOST:
                assert last
                assert last.kind is Kind.VANISHES
            case Status.STOPPED:
                assert row.target != Target.RUN or row.waits_for is not None
            case other:
                raise AssertionError(f"{row.id} is {other} in the end")

    # -- falling over

    def _insist(self, act: Callable[[], T]) -> T:
        with self._watched():
            while True:
                try:
                    return act()
                except CrashError:
                    self.crashes += 1
                    self.software.abandon()
                    self.runner = self._build()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Count commits while the runner does something, not while it is looked at."""

        def committed(_session: Session) -> None:
            self._touch()

        event.listen(Session, "after_commit", committed)
        try:
            yield
        finally:
            event.remove(Session, "after_commit", committed)

    def _touch(self) -> None:
        self.points += 1
        if self.points == self._crash_at:
            raise CrashError

    def _build(self) -> Runner:
        return make_runner(self._settings, self._database, self.model, AT_ONCE, self.software)


def _check_moves(moves: list[Status], status: Status) -> None:
    assert moves[0] is Status.WAITING
    assert moves[-1] is status
    assert [one for one in moves if one.is_final] == [status], "one final status, once"
    for before, after in pairwise(moves):
        assert after in LEGAL[before]


def do_without_the_disk(connection: Connection, _: object) -> None:
    """Only the process falls over here, not the machine."""
    connection.execute("pragma synchronous = off")
