"""The table of operations, in the database of the service that has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, delete, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from twinhub_api.operations import Operation, OperationStatus
from twinhub_api.problems import Problem

if TYPE_CHECKING:
    from twinhub_kit.database import Database


class KitBase(DeclarativeBase):
    """Base of the tables that the kit has in a service's database."""


class OperationRow(KitBase):
    """One operation; how far a running one is, is not here."""

    __tablename__ = "operations"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(unique=True)
    owner: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    title: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[float]
    ended_at: Mapped[float | None]

    def as_wire(self) -> Operation:
        """Return it as a client sees it."""
        return Operation(
            id=self.id, kind=self.kind, title=self.title, status=OperationStatus(self.status),
            result=self.result, problem=Problem(**self.problem) if self.problem else None,
            created_at=datetime.fromtimestamp(self.created_at, UTC),
            ended_at=None if self.ended_at is None else datetime.fromtimestamp(self.ended_at, UTC),
        )  # fmt: skip


class OperationTable:
    """Reads and writes operations; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """Work with a database whose migrations have made the table."""
        self._database = database

    def add(self, row: OperationRow, *, keep: int) -> Operation:
        """Add one; of its owner's ended ones the newest ``keep`` stay."""
        with self._database.session() as session:
            session.add(row)
            session.flush()
            old = (
                select(OperationRow.number)
                .where(OperationRow.owner == row.owner, OperationRow.ended_at.is_not(None))
                .order_by(OperationRow.number.desc())
                .offset(keep)
            )
            numbers = list(session.scalars(old))
            session.execute(delete(OperationRow).where(OperationRow.number.in_(numbers)))
            return row.as_wire()

    def begin(self, operation_id: str) -> None:
        """Write down that it runs."""
        self._set(operation_id, status=OperationStatus.RUNNING.value)

    def end(
        self,
        operation_id: str,
        status: OperationStatus,
        *,
        at: float,
        result: dict[str, Any] | None = None,
        problem: Problem | None = None,
    ) -> None:
        """Write down how it ended."""
        known = problem.model_dump(mode="json") if problem else None
        self._set(operation_id, status=status.value, result=result, problem=known, ended_at=at)

    def _set(self, operation_id: str, **values: Any) -> None:  # noqa: ANN401 - columns
        with self._database.session() as session:
            session.execute(
                update(OperationRow).where(OperationRow.id == operation_id).values(**values)
            )

    def end_all(self, status: OperationStatus, *, at: float) -> int:
        """Give every one that has not ended a status; return how many there were."""
        with self._database.session() as session:
            open_ones = update(OperationRow).where(OperationRow.ended_at.is_(None))
            done = session.execute(open_ones.values(status=status.value, ended_at=at))
            return int(getattr(done, "rowcount", 0))

    def forget_owner(self, owner: str) -> None:
        """Remove all of somebody's."""
        with self._database.session() as session:
            session.execute(delete(OperationRow).where(OperationRow.owner == owner))

    def find(self, owner: str, operation_id: str) -> Operation | None:
        """Return one of somebody's own."""
        with self._database.reading() as session:
            own = select(OperationRow).where(
                OperationRow.owner == owner, OperationRow.id == operation_id
            )
            row = session.scalar(own)
            return row.as_wire() if row else None

    def page(self, owner: str, *, limit: int, before: int | None) -> list[tuple[int, Operation]]:
        """Return somebody's own with their numbers, the newest first."""
        wanted = select(OperationRow).where(OperationRow.owner == owner)
        if before is not None:
            wanted = wanted.where(OperationRow.number < before)
        with self._database.reading() as session:
            rows = session.scalars(wanted.order_by(OperationRow.number.desc()).limit(limit))
            return [(row.number, row.as_wire()) for row in rows]
