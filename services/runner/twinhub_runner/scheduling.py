"""The loop that moves all runs: admits what waits, and takes steps with what has begun."""

from __future__ import annotations

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from twinhub_api.runner.runs import Status, Target
from twinhub_kit.errors import UnavailableError

from twinhub_runner.backends.base import BackendError
from twinhub_runner.queueing import Entry, Explaining, admit, tell_overdue
from twinhub_runner.room import question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor, Future

    from twinhub_runner.places import Places
    from twinhub_runner.queueing import Caps
    from twinhub_runner.reconciling import Reconciler
    from twinhub_runner.room import Room
    from twinhub_runner.store.rows import RunRow
    from twinhub_runner.store.runs import RunTable

_log = logging.getLogger(__name__)

_TICK_OF_EACH = 0.0002
"""Seconds that each open run makes a tick long, so that looking takes a few percent of the time."""
_TICK_OF_QUIET = 0.02
"""The same of how long nothing has moved: a run of a minute may be seen to end a little later."""
_BEFORE_IT_RUNS = frozenset({Status.PREPARING, Status.STARTING})
_KEPT_FOR_ENDS = 2
"""Threads of the pool that starts, which take long, leave to everything else."""
_FAULT = "The runner failed with this run: its log says more. It is tried again."
_SWEEP = ""
"""Stands for no run, among those with which a step is taken."""


@dataclass(frozen=True, slots=True)
class Pace:
    """After how many seconds the loop does what."""

    tick: float = 0.02
    """It is looked whether a sandbox has ended; more seldom where there are hundreds."""
    first_tick: float = 0.004
    """The same of one run alone soon after it has moved: most runs are short."""
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
        self._read_at = self._swept_at = self._moved_at = float("-inf")
        self._admitted: dict[str, RunRow] = {}
        """Those whose first step is still to be taken, as they were when they were moved."""
        self._taken: dict[str, Future[None]] = {}
        self._looked: dict[str, float] = {}
        self._aimed: dict[str, str] = {}
        """What was wanted of each run when the last step with it was taken."""
        self._paused: dict[str, tuple[float, float]] = {}
        """Runs whose back end did not do what it was asked: until when, and for how long."""
        self._ending: dict[str, tuple[float, float]] = {}
        """Runs whose phase has ended: when their sandbox is looked at again, and the next pause."""
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
                    self.turn(pool)
                    pause = self._pause()
                except UnavailableError as error:
                    _log.warning("runs are not moved for now why=%s", error)
                    pause = self._pace.idle
                self._asked.wait(pause)

    def _pause(self) -> float:
        """Return after how long it is looked again: a few percent of how long nothing has moved."""
        going_on = sum(row.status != Status.WAITING for row in self._rows)
        if not going_on:
            return self._pace.idle
        quiet = time.monotonic() - self._moved_at
        tick = min(self._pace.tick, max(self._pace.first_tick * going_on, _TICK_OF_QUIET * quiet))
        return max(tick, _TICK_OF_EACH * len(self._rows))

    def turn(self, pool: Executor) -> None:
        """Do what is to be done now, steps in a pool."""
        asked = self._asked.is_set()
        self._asked.clear()
        now = time.monotonic()
        have_moved = self._have_moved()
        if have_moved or asked:
            self._moved_at = now
        if have_moved or asked or now - self._read_at > self._pace.idle:
            self._rows, self._read_at = self._table.list_queue(), now
            self._forget_all_but({row.id for row in self._rows})
            self._admitted = self._admit(self._rows)
            self._rows = [self._admitted.get(row.id, row) for row in self._rows]
        if now - self._swept_at > self._pace.sweep and _SWEEP not in self._taken:
            self._swept_at = now
            self._taken[_SWEEP] = pool.submit(self._sweep)
        self._take_steps(pool, self._rows)

    def _forget_all_but(self, runs: set[str]) -> None:
        for known in (self._looked, self._aimed, self._paused, self._ending):
            for run in [one for one in list(known) if one not in runs]:
                known.pop(run, None)

    def _sweep(self) -> None:
        """Remove the sandboxes that no open run needs, such as of a runner that was killed."""
        try:
            self._reconciler.sweep()
        except BackendError as error:
            _log.warning("what is left behind stays for now why=%s", error)
        except Exception:  # noqa: BLE001 - as with a step
            _log.error("what is left behind stays for now", exc_info=True)

    def _have_moved(self) -> bool:
        """Return whether a step has ended since this was asked last."""
        ended = [run for run, future in self._taken.items() if future.done()]
        for run in ended:
            self._taken.pop(run).result()
        return bool(ended)

    def _admit(self, rows: Sequence[RunRow]) -> dict[str, RunRow]:
        """Have those begin that may; return them as they are then."""
        waiting = [row for row in rows if row.status == Status.WAITING]
        for row in [one for one in waiting if one.target != Target.RUN]:
            self._reconciler.stop_waiting(row)
            waiting.remove(row)
        built = [
            row for row in rows
            if row.is_built and row.target == Target.RUN and row.id not in self._taken
        ]  # fmt: skip
        running = [_entry(row) for row in rows if row.status != Status.WAITING]
        why_not = self._room.why_not() if waiting else ""
        by_id = {row.id: row for row in rows}
        entries = [one for row in waiting if (one := self._waiting_entry(row, by_id)) is not None]
        entries = sorted([*entries, *map(_entry, built)], key=lambda one: by_id[one.id].number)
        held = {one.id for one in entries if why_not and one.is_due and not by_id[one.id].goes_on}
        due = admit([one for one in entries if one.id not in held], running, self._caps)
        admitted = self._begin([by_id[run] for run in due])
        running += map(_entry, admitted.values())
        done = {*admitted, *self._end_overdue(entries, due)}
        left = [row for row in (*waiting, *built) if row.id not in done]
        for row in left:
            if row.id in held:
                self._ask(row, why_not)
        self._tell([row for row in left if row.id not in held], running, by_id)
        return admitted

    def _begin(self, rows: Sequence[RunRow]) -> dict[str, RunRow]:
        """Have runs begin, which need not be prepared if they have waited for software only."""
        begun: dict[str, RunRow] = {}
        for is_built, then in ((True, Status.STARTING), (False, Status.PREPARING)):
            runs = [row.id for row in rows if bool(row.is_built) is is_built]
            moved = self._table.move_all(runs, then, "", is_built=None)
            begun |= {row.id: row for row in moved}
        return begun

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
        begun_by = (before.ended_at or 0.0) if before is not None else 0.0
        since = max(row.created_at, row.not_before, begun_by)
        return _entry(row, is_due=is_due and time.time() >= row.not_before, since=since)

    def _end_overdue(self, entries: Sequence[Entry], admitted: Sequence[str]) -> set[str]:
        """End what has waited for its turn for too long; return what that was."""
        now, ended = time.time(), set[str]()
        for one in entries:
            why = tell_overdue(one, self._caps, now)
            if why and one.id not in admitted and not one.is_building:
                self._table.move(one.id, Status.FAILED, why)
                ended.add(one.id)
        return ended

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
            known = self._admitted.pop(row.id, None)
            self._taken[row.id] = pool.submit(self._step, row.id, known)
            self._taken[row.id].add_done_callback(self._note_done)

    def _note_done(self, _: Future[None]) -> None:
        if self._holds_back:
            self.wake()

    def _is_due(self, row: RunRow, now: float) -> bool:
        """Return whether something may have changed with a run."""
        is_building = row.is_built is not None
        if row.status not in {Status.RUNNING, Status.STOPPING} and not is_building:
            return True
        if os.path.lexists(self._places.of(row).outside / "result.json"):
            return self._is_end_due(row.id, now)
        is_told = row.target != self._aimed.get(row.id, Target.RUN)
        pause = self._pace.killed if row.target == Target.KILL else self._pace.look
        pause = self._pace.build if is_building and not row.is_built else pause
        return is_told or now - self._looked.get(row.id, 0.0) > pause

    def _is_end_due(self, run: str, now: float) -> bool:
        """Return whether to look again for the end of a sandbox whose phase has ended.

        An engine takes a while until it has seen that, and longer if it is asked again and again.
        """
        due, pause = self._ending.get(run, (0.0, min(self._pace.first_tick, self._pace.tick)))
        if now < due:
            return False
        self._ending[run] = (now + pause, min(2 * pause, self._pace.tick))
        return True

    def _step(self, run: str, known: RunRow | None) -> None:
        """Take a step with a run, which is read again unless it has just been moved."""
        row = known or self._table.find(run)
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
        except Exception as error:  # noqa: BLE001 - a fault with one run delays no other
            self._leave_alone(run, error)
            _log.error("a step with a run failed run=%s", run, exc_info=True)
            self._table.note(run, "delayed", _FAULT, reason=_FAULT)

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


def _entry(row: RunRow, *, is_due: bool = True, since: float = 0.0) -> Entry:
    return Entry(
        row.id, row.owner, frozenset(row.groups), frozenset(row.keys), is_due, since,
        is_building=row.is_built is not None,
    )  # fmt: skip
