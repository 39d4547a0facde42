"""The loop that moves all runs: admits what waits, and takes steps with what has begun."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from twinhub_api.runner.runs import Status, Target
from twinhub_kit.errors import UnavailableError

from twinhub_runner.backends.base import BackendError
from twinhub_runner.environments.building import WAITS
from twinhub_runner.queueing import Entry, Explaining, admit
from twinhub_runner.room import question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor, Future

    from twinhub_runner.places import Places
    from twinhub_runner.queueing import Caps
    from twinhub_runner.reconciling import Reconciler
    from twinhub_runner.room import Room
    from twinhub_runner.store.runs import RunRow, RunTable

_log = logging.getLogger(__name__)

_TICK_OF_EACH = 0.0002
"""Seconds that each open run makes a tick long, so that looking takes a few percent of the time."""
_BEFORE_IT_RUNS = frozenset({Status.PREPARING, Status.STARTING})
_KEPT_FOR_ENDS = 2
"""Threads of the pool that starts, which take long, leave to everything else."""
_SWEEP = ""
"""Stands for no run, among those with which a step is taken."""


@dataclass(frozen=True, slots=True)
class Pace:
    """After how many seconds the loop does what."""

    tick: float = 0.02
    """It is looked whether a sandbox has ended; more seldom where there are hundreds."""
    look: float = 2.0
    """A back end is asked though nothing shows that something has changed."""
    killed: float = 0.2
    """The same of what was killed, which leaves no sign when it is gone."""
    build: float = 0.2
    """The same of what waits for its environment."""
    idle: float = 1.0
    """Runs are read again though nobody has asked for anything."""
    sweep: float = 60.0
    """Sandboxes that no run needs are removed."""
    first_delay: float = 0.5
    """A run whose back end did not do what it was asked is left alone, each time twice as long."""
    longest_delay: float = 30.0
    first_retry: float = 1.0
    """A phase that has failed is tried again after this; each time after twice as long."""


class Scheduler:
    """Moves runs until it is told to end; what it knows can all be found again."""

    def __init__(
        self, table: RunTable, reconciler: Reconciler, places: Places, caps: Caps,
        room: Room, pace: Pace | None = None,
    ) -> None:  # fmt: skip
        """Prepare to move the runs of a table."""
        self._table, self._reconciler, self._places, self._caps = table, reconciler, places, caps
        self._room, self._pace = room, pace or Pace()
        self._asked = threading.Event()
        self._rows: list[RunRow] = []
        self._read_at = self._swept_at = float("-inf")
        self._taken: dict[str, Future[None]] = {}
        self._looked: dict[str, float] = {}
        self._aimed: dict[str, str] = {}
        """What was wanted of each run when the last step with it was taken."""
        self._paused: dict[str, tuple[float, float]] = {}
        """Runs whose back end did not do what it was asked: until when, and for how long."""
        self._most_starts: float = inf
        self._starting: set[str] = set()
        self._holds_back = False
        """Whether a start waits for others: ends are seen before many starts are through."""

    def wake(self) -> None:
        """Have it look at once: somebody has asked for something."""
        self._asked.set()

    def run(self, stopping: threading.Event, workers: int) -> None:
        """Move runs until an event is set, so many at once; two of them are never starts."""
        self._most_starts = max(1, workers - _KEPT_FOR_ENDS)
        with ThreadPoolExecutor(workers, "runs") as pool:
            while not stopping.is_set():
                try:
                    is_busy = self.turn(pool)
                except UnavailableError as error:
                    _log.warning("runs are not moved for now why=%s", error)
                    is_busy = False
                tick = max(self._pace.tick, _TICK_OF_EACH * len(self._rows))
                self._asked.wait(tick if is_busy else self._pace.idle)

    def turn(self, pool: Executor) -> bool:
        """Do what is to be done now, steps in a pool; return whether a run has not ended."""
        asked = self._asked.is_set()
        self._asked.clear()
        now = time.monotonic()
        if self._have_moved() or asked or now - self._read_at > self._pace.idle:
            self._rows, self._read_at = self._table.list_queue(), now
            self._forget_all_but({row.id for row in self._rows})
            self._admit(self._rows)
        if now - self._swept_at > self._pace.sweep and _SWEEP not in self._taken:
            self._swept_at = now
            self._taken[_SWEEP] = pool.submit(self._sweep)
        self._take_steps(pool, self._rows)
        return bool(self._rows)

    def _forget_all_but(self, runs: set[str]) -> None:
        for known in (self._looked, self._aimed, self._paused):
            for run in [one for one in list(known) if one not in runs]:
                known.pop(run, None)

    def _sweep(self) -> None:
        """Remove the sandboxes that no open run needs, such as of a runner that was killed."""
        try:
            self._reconciler.sweep()
        except BackendError as error:
            _log.warning("what is left behind stays for now why=%s", error)

    def _have_moved(self) -> bool:
        """Return whether a step has ended since this was asked last."""
        ended = [run for run, future in self._taken.items() if future.done()]
        for run in ended:
            self._taken.pop(run).result()
        return bool(ended)

    def _admit(self, rows: Sequence[RunRow]) -> None:
        waiting = [row for row in rows if row.status == Status.WAITING]
        for row in [one for one in waiting if one.target != Target.RUN]:
            self._reconciler.stop_waiting(row)
            waiting.remove(row)
        running = [_entry(row) for row in rows if row.status != Status.WAITING]
        why_not = self._room.why_not() if waiting else ""
        by_id = {row.id: row for row in rows}
        entries = [one for row in waiting if (one := self._waiting_entry(row, by_id)) is not None]
        held = {one.id for one in entries if why_not and one.is_due and not by_id[one.id].goes_on}
        admitted = admit([one for one in entries if one.id not in held], running, self._caps)
        for run in admitted:
            self._table.move(run, Status.PREPARING, "", is_asking=False)
            running.append(_entry(by_id[run]))
            self.wake()
        left = [row for row in waiting if row.id not in admitted]
        for row in left:
            if row.id in held:
                self._ask(row, why_not)
        self._tell([row for row in left if row.id not in held], running, by_id)

    def _waiting_entry(self, row: RunRow, open_runs: Mapping[str, RunRow]) -> Entry | None:
        """Return a run as the queue sees it; None of one that can never begin."""
        before = None
        if row.waits_for is not None:
            before = open_runs.get(row.waits_for) or self._table.find(row.waits_for)
        if before is not None and before.ended_at is not None and before.status != Status.SUCCEEDED:
            self._table.move(
                row.id, Status.STOPPED, f"The phase {before.phase} before it has {before.status}."
            )
            return None
        is_due = before is None or before.status == Status.SUCCEEDED
        return _entry(row, is_due=is_due and time.time() >= row.not_before)

    def _ask(self, row: RunRow, why: str) -> None:
        """Have somebody say whether a run is to begin; it is asked once, as the room was then."""
        if not row.is_asking:
            asked = question(row.id, why)
            self._table.note(row.id, "asks", asked, reason=asked, is_asking=True)

    def _tell(
        self, rows: Sequence[RunRow], running: Sequence[Entry], open_runs: Mapping[str, RunRow]
    ) -> None:
        """Write down what runs wait for, of those of which it is something new."""
        explain = Explaining(running, self._caps)
        left_behind = [row for row in open_runs.values() if row.in_background]
        reasons = {}
        for row in rows:
            if (before := _in_its_way(row, left_behind)) is not None:
                why = _explain_background(row, before)
            else:
                why = explain(_entry(row)) if row.waits_for is None or row.is_asking else ""
            if row.is_asking or (why and row.reason != why):
                reasons[row.id] = why
        self._table.tell(reasons)

    def _take_steps(self, pool: Executor, rows: Sequence[RunRow]) -> None:
        now, self._holds_back = time.monotonic(), False
        self._starting.intersection_update(self._taken)
        for row in rows:
            if row.status == Status.WAITING or row.id in self._taken:
                continue
            if self._paused.get(row.id, (0.0, 0.0))[0] > now or not self._is_due(row, now):
                continue
            if row.status in _BEFORE_IT_RUNS:
                if len(self._starting) >= self._most_starts:
                    self._holds_back = True
                    continue
                self._starting.add(row.id)
            self._looked[row.id], self._aimed[row.id] = now, row.target
            self._taken[row.id] = pool.submit(self._step, row.id)
            self._taken[row.id].add_done_callback(self._note_done)

    def _note_done(self, _: Future[None]) -> None:
        if self._holds_back:
            self.wake()

    def _is_due(self, row: RunRow, now: float) -> bool:
        """Return whether something may have changed with a run."""
        is_building = row.status == Status.PREPARING and row.reason == WAITS
        if row.status not in {Status.RUNNING, Status.STOPPING} and not is_building:
            return True
        if (self._places.of(row).outside / "result.json").exists():
            return True
        is_told = row.target != self._aimed.get(row.id, Target.RUN)
        pause = self._pace.killed if row.target == Target.KILL else self._pace.look
        pause = self._pace.build if is_building else pause
        return is_told or now - self._looked.get(row.id, 0.0) > pause

    def _step(self, run: str) -> None:
        row = self._table.find(run)
        if row is None or row.ended_at is not None:
            return
        try:
            self._reconciler.step(row)
            self._paused.pop(run, None)
        except BackendError as error:
            self._leave_alone(run, error)
            self._table.note(run, "delayed", str(error), reason=str(error))
        except UnavailableError as error:  # nothing can be noted
            self._leave_alone(run, error)

    def _leave_alone(self, run: str, error: Exception) -> None:
        """Take no step with a run for a while, each time for longer."""
        before = self._paused.get(run, (0.0, self._pace.first_delay / 2))[1]
        pause = min(2 * before, self._pace.longest_delay)
        self._paused[run] = (time.monotonic() + pause, pause)
        _log.warning("a step with a run is put off run=%s why=%s", run, error)


def _in_its_way(row: RunRow, left_behind: Sequence[RunRow]) -> RunRow | None:
    """Return the run that one waits for, if only what its phase has started goes on."""
    for one in left_behind:
        is_before = one.id == row.waits_for
        if is_before or (row.waits_for is None and not set(one.keys).isdisjoint(row.keys)):
            return one
    return None


def _explain_background(row: RunRow, before: RunRow) -> str:
    """Return what to do about a phase that has left something running, for the next one."""
    return (
        f"what {before.phase} has started goes on: `twin command {before.id} {row.phase}` runs "
        f"{row.phase} in there, `twin stop {before.id}` ends it"
    )


def _entry(row: RunRow, *, is_due: bool = True) -> Entry:
    return Entry(row.id, row.owner, frozenset(row.groups), frozenset(row.keys), is_due)
