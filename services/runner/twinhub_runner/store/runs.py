"""Runs and what has happened to them: each change of a run is one transaction with its event."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import (
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import defer
from twinhub_api.runner.runs import Run, RunEvent, Status, Target
from twinhub_kit.errors import BusyError

from twinhub_runner.errors import KeyUsedError
from twinhub_runner.moves import check_move
from twinhub_runner.store.rows import EventRow, RunRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session
    from twinhub_kit.database import Database

_NEVER = 1e300
"""Stands for the end of what has not ended."""
MOST_OPEN = 1000
"""Runs of one person that have not ended: all of them are looked at, again and again."""
RUNNER = "runner"
"""Who moves a run when nobody does."""


@dataclass(frozen=True, slots=True)
class OpenCount:
    """How many runs have not ended."""

    under_way: int
    waiting: int
    oldest_waiting: float | None
    """When the one was asked for that waits longest."""


class RunTable:
    """Reads and changes runs; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """Work with a database whose migrations have made the tables."""
        self._database = database

    def add(self, rows: Sequence[RunRow], why: str = "") -> list[Run]:
        """Add runs that somebody asks for, or return those of the same key, asked for before.

        ``why`` is what people are told beside it.

        Raises:
            KeyUsedError: something else was asked for with the key.
            BusyError: so many runs of theirs have not ended that no more wait.
        """
        first = rows[0]
        with self._database.session() as session:
            if known := _list_asked(
                session, first.owner, first.idempotency_key, first.asked_digest
            ):
                return [row.as_wire() for row in known]
            _check_room(session, first.owner, len(rows))
            session.add_all(rows)
            session.flush()
            for row in rows:
                _note(session, row, "asked", row.owner, why, after=Status(row.status))
            return [row.as_wire() for row in rows]

    def move(
        self, run_id: str, then: Status, why: str, *, who: str = RUNNER, **values: object
    ) -> RunRow:
        """Move a run, with further columns that change along.

        Raises:
            IllegalMoveError: it cannot become so from what it is.
        """
        return self.move_all([run_id], then, why, who=who, **values)[0]

    def move_all(
        self, run_ids: Sequence[str], then: Status, why: str, *, who: str = RUNNER, **values: object
    ) -> list[RunRow]:
        """Move some runs at once, or none of them; see `move`."""
        if not run_ids:
            return []
        with self._database.session() as session:
            found = session.scalars(select(RunRow).where(RunRow.id.in_(run_ids)))
            rows = {row.id: row for row in found}
            moved = [rows[run_id] for run_id in run_ids]
            for row in moved:
                before = Status(row.status)
                check_move(before, then)
                row.status, row.reason, row.is_asking = then.value, why, False
                if then.is_final:
                    row.ended_at = time.time()
                for name, value in values.items():
                    setattr(row, name, value)
                _note(session, row, "moved", who, why, before=before, after=then)
            return moved

    def note(
        self, run_id: str, what: str, why: str = "", *, who: str = RUNNER, **values: object
    ) -> None:
        """Write down something that moves no run, with columns that change along."""
        with self._database.session() as session:
            row = _get(session, run_id)
            for name, value in values.items():
                setattr(row, name, value)
            _note(session, row, what, who, why)

    def tell(self, reasons: Mapping[str, str]) -> None:
        """Write down what some runs wait for: all at once, since there may be hundreds."""
        if not reasons:
            return
        with self._database.session() as session:
            waiting = or_(RunRow.status == Status.WAITING.value, RunRow.is_built.is_(True))
            for row in session.scalars(select(RunRow).where(RunRow.id.in_(reasons), waiting)):
                row.reason, row.is_asking = reasons[row.id], False
                _note(session, row, "waits", RUNNER, row.reason)

    def aim(self, run_id: str, target: Target, who: str) -> RunRow:
        """Write down what somebody wants of a run; what has ended is left as it is."""
        with self._database.session() as session:
            row = _get(session, run_id)
            if row.ended_at is None and row.target != target.value:
                row.target = target.value
                _note(session, row, "aimed", who, target.value)
            return row

    def find(self, run_id: str) -> RunRow | None:
        """Return a run."""
        with self._database.reading() as session:
            return session.scalar(select(RunRow).where(RunRow.id == run_id))

    def list_asked(self, owner: str, key: str | None, digest: str) -> list[RunRow]:
        """Return the runs that somebody has asked for with a key; none without one.

        Raises:
            KeyUsedError: something else was, of another digest.
        """
        with self._database.reading() as session:
            return _list_asked(session, owner, key, digest)

    def list_ids(self) -> frozenset[str]:
        """Return the ids of all runs."""
        with self._database.reading() as session:
            return frozenset(session.scalars(select(RunRow.id)))

    def list_open(self) -> list[RunRow]:
        """Return all that have not ended, in the order of asking."""
        with self._database.reading() as session:
            wanted = select(RunRow).where(RunRow.ended_at.is_(None)).order_by(RunRow.number)
            return list(session.scalars(wanted))

    def list_queue(self) -> list[RunRow]:
        """Return all that have not ended, in the order of asking, with what the queue looks at."""
        wanted = select(RunRow).where(RunRow.ended_at.is_(None)).order_by(RunRow.number)
        with self._database.reading() as session:
            return list(session.scalars(wanted.options(*_AS_QUEUED)))

    def count_open(self) -> OpenCount:
        """Return how many runs go on and wait; one that waits for an earlier phase does neither."""
        waits = RunRow.status == Status.WAITING.value
        number = select(func.count()).where(RunRow.ended_at.is_(None))
        queue = select(func.count(), func.min(RunRow.created_at)).where(
            RunRow.ended_at.is_(None), waits, RunRow.waits_for.is_(None)
        )
        with self._database.reading() as session:
            waiting, oldest = session.execute(queue).one()
            return OpenCount(session.scalars(number.where(~waits)).one(), waiting, oldest)

    def list_of_copy(self, copy_id: str) -> list[RunRow]:
        """Return the runs that have worked in a copy and succeeded, in the order of asking."""
        wanted = (
            select(RunRow)
            .where(RunRow.copy_id == copy_id, RunRow.status == Status.SUCCEEDED.value)
            .order_by(RunRow.number)
        )
        with self._database.reading() as session:
            return list(session.scalars(wanted))

    def list_in_copy(self, copy_id: str) -> list[RunRow]:
        """Return the runs that have worked in a copy, or do, in the order of asking."""
        wanted = select(RunRow).where(RunRow.copy_id == copy_id).order_by(RunRow.number)
        with self._database.session() as session:
            return list(session.scalars(wanted))

    def list_of(self, owner: str) -> list[RunRow]:
        """Return all runs that somebody has asked for."""
        with self._database.reading() as session:
            return list(session.scalars(select(RunRow).where(RunRow.owner == owner)))

    def list_ended(self, before: float, owner: str | None, limit: int) -> list[RunRow]:
        """Return runs that ended before a time and have their files, the oldest first."""
        wanted = select(RunRow).where(RunRow.ended_at < before, ~RunRow.is_cleared)
        if owner is not None:
            wanted = wanted.where(RunRow.owner == owner)
        with self._database.reading() as session:
            return list(session.scalars(wanted.order_by(RunRow.number).limit(limit)))

    def list_unused_copies(self, before: float, owner: str | None) -> list[str]:
        """Return names of copies whose runs have all ended before a time, also of gone ones."""
        last = func.max(func.coalesce(RunRow.ended_at, _NEVER))
        wanted = select(RunRow.copy).where(RunRow.copy != "").group_by(RunRow.copy)
        if owner is not None:
            wanted = wanted.where(RunRow.owner == owner)
        with self._database.reading() as session:
            return list(session.scalars(wanted.having(last < before)))

    def list_teams(self) -> dict[str, list[str]]:
        """Return the labels of teams that have runs, with the groups of who asked for one."""
        firsts = select(func.min(RunRow.number)).where(RunRow.team != "").group_by(RunRow.team)
        with self._database.reading() as session:
            rows = session.scalars(select(RunRow).where(RunRow.number.in_(firsts)))
            return {row.team: row.groups for row in rows}

    def forget_team(self, label: str) -> None:
        """Have the runs of a team be of none any more."""
        with self._database.session() as session:
            session.execute(update(RunRow).where(RunRow.team == label).values(team=""))

    def remove(self, run_ids: Sequence[str]) -> None:
        """Remove runs, and what has happened to them."""
        with self._database.session() as session:
            session.execute(delete(EventRow).where(EventRow.run.in_(run_ids)))
            session.execute(delete(RunRow).where(RunRow.id.in_(run_ids)))

    def page(
        self, owner: str, teams: Iterable[str], *, limit: int, before: int | None = None,
        twin: str | None = None, is_open: bool = False,
    ) -> list[RunRow]:  # fmt: skip
        """Return somebody's own runs and those of their teams' twins, the newest first.

        What no list shows of them is not loaded. Where nothing narrows it further, owner and teams
        are asked for one by one, since of each an index has the newest first; a database sorts all
        that either of two indexes has.
        """
        whose = [RunRow.owner == owner, *(RunRow.team == team for team in teams)]
        if twin is not None or is_open:
            whose = [or_(*whose)]
        narrower: list[ColumnElement[bool]] = []
        if before is not None:
            narrower.append(RunRow.number < before)
        if twin is not None:
            narrower.append(RunRow.twin == twin)
        if is_open:
            narrower.append(RunRow.ended_at.is_(None))
        newest = RunRow.number.desc()
        with self._database.reading() as session:
            numbers: set[int] = set()
            for one in whose:
                wanted = select(RunRow.number).where(one, *narrower).order_by(newest).limit(limit)
                numbers.update(session.scalars(wanted))
            if not (shown := sorted(numbers, reverse=True)[:limit]):
                return []
            rows = select(RunRow).where(RunRow.number.in_(shown)).order_by(newest)
            return list(session.scalars(rows.options(*_AS_LISTED)))

    def events(self, run_id: str, *, after: int, limit: int) -> list[RunEvent]:
        """Return what has happened to a run, the oldest first."""
        wanted = select(EventRow).where(EventRow.run == run_id, EventRow.number > after)
        with self._database.reading() as session:
            rows = session.scalars(wanted.order_by(EventRow.number).limit(limit))
            return [row.as_wire() for row in rows]


_AS_QUEUED = tuple(
    map(defer, (RunRow.plan, RunRow.mounts, RunRow.requires, RunRow.outputs, RunRow.parameters))
)
_AS_LISTED = tuple(
    map(defer, (RunRow.plan, RunRow.mounts, RunRow.requires, RunRow.outputs, RunRow.groups,
                RunRow.keys))
)  # fmt: skip
"""Without what takes long to load, and is in no list of runs."""


def _list_asked(session: Session, owner: str, key: str | None, digest: str) -> list[RunRow]:
    if key is None:
        return []
    with_key = select(RunRow).where(RunRow.owner == owner, RunRow.idempotency_key == key)
    first = session.scalars(with_key.order_by(RunRow.number).limit(1)).one_or_none()
    if first is None:
        return []
    if first.asked_digest not in {"", digest}:
        raise KeyUsedError(f"{first.id} was asked for with this key: use another one.")
    if first.chain is None:
        return [first]
    together = select(RunRow).where(RunRow.chain == first.chain).order_by(RunRow.number)
    return list(session.scalars(together))


def _check_room(session: Session, owner: str, count: int) -> None:
    theirs = select(func.count()).where(RunRow.owner == owner, RunRow.ended_at.is_(None))
    if session.scalars(theirs).one() + count > MOST_OPEN:
        raise BusyError(
            f"You have {MOST_OPEN:,} runs that wait or go on: wait for some, or stop them."
        )


def _get(session: Session, run_id: str) -> RunRow:
    return session.scalars(select(RunRow).where(RunRow.id == run_id)).one()


def _note(  # noqa: PLR0913 - the columns of a row
    session: Session, row: RunRow, what: str, who: str, why: str,
    *, before: Status | None = None, after: Status | None = None,
) -> None:  # fmt: skip
    session.add(
        EventRow(
            run=row.id, time=time.time(), what=what, who=who, why=why,
            before=before.value if before else None, after=after.value if after else None,
        )
    )  # fmt: skip
