"""Who opened which link, and what became of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Float, Index, Select, Text, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from twinhub_library.store.base import Base

if TYPE_CHECKING:
    from twinhub_kit.database import Database

_LONGEST = 250


class OpeningRow(Base):
    """One time that somebody opened a link."""

    __tablename__ = "openings"
    __table_args__ = (
        Index("openings_by_subject", "subject", "user_name"),
        Index("openings_by_user", "user_name"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    """A random word: it is in the address of the report."""
    subject: Mapped[str] = mapped_column(Text)
    """What was opened, whatever the version."""
    user_name: Mapped[str] = mapped_column(Text)
    at: Mapped[float] = mapped_column(Float)
    """Seconds since 1970, UTC."""
    version: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    """``opened``, ``imported`` or ``updated``."""
    report: Mapped[str] = mapped_column(Text, default="")
    """What became of the files, as JSON; empty where nothing changed."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One time that somebody opened a link."""

    id: str
    subject: str
    user: str
    at: datetime
    version: str
    action: str
    report: dict[str, object]


@dataclass(frozen=True, slots=True)
class OpenedBy:
    """How often one person opened a link."""

    user: str
    first_at: datetime
    last_at: datetime
    times: int


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """How often one link was opened."""

    subject: str
    people: int
    times: int
    last_at: datetime


class Openings:
    """The record of what was opened."""

    def __init__(self, database: Database) -> None:
        """Use a database that has the table."""
        self._database = database

    def add(self, opened: Opened) -> None:
        """Write down that a link was opened."""
        row = OpeningRow(
            id=opened.id, subject=opened.subject, user_name=opened.user,
            at=opened.at.timestamp(), version=opened.version[:_LONGEST], action=opened.action,
            report=json.dumps(opened.report) if opened.report else "",
        )  # fmt: skip
        with self._database.session() as session:
            session.add(row)

    def find(self, opened_id: str, user: str) -> Opened | None:
        """Return what one person opened; None for anybody else."""
        with self._database.reading() as session:
            row = session.get(OpeningRow, opened_id)
        if row is None or row.user_name != user:
            return None
        report = json.loads(row.report) if row.report else {}
        return Opened(
            row.id, row.subject, row.user_name, _moment(row.at), row.version, row.action, report
        )

    def list_people(self, subject: str, *, limit: int, after: str = "") -> list[OpenedBy]:
        """Return who opened a link, by name, those after a name."""
        asked = (
            select(
                OpeningRow.user_name, func.min(OpeningRow.at), func.max(OpeningRow.at),
                func.count(),
            )
            .where(OpeningRow.subject == subject, OpeningRow.user_name > after)
            .group_by(OpeningRow.user_name).order_by(OpeningRow.user_name).limit(limit)
        )  # fmt: skip
        with self._database.reading() as session:
            found = session.execute(asked).all()
        return [OpenedBy(user, _moment(a), _moment(b), times) for user, a, b, times in found]

    def list_links(self, *, limit: int, after: str = "") -> list[OpenedLink]:
        """Return which links were opened, by name, those after a name."""
        asked = _counted().where(OpeningRow.subject > after).limit(limit)
        with self._database.reading() as session:
            found = session.execute(asked).all()
        return [OpenedLink(one, people, times, _moment(at)) for one, people, times, at in found]

    def count(self, subject: str) -> OpenedLink | None:
        """Return how often a link was opened; None if it never was."""
        with self._database.reading() as session:
            found = session.execute(_counted().where(OpeningRow.subject == subject)).first()
        return OpenedLink(found[0], found[1], found[2], _moment(found[3])) if found else None

    def forget_user(self, user: str) -> None:
        """Remove what one person opened, when their account is deleted."""
        with self._database.session() as session:
            session.execute(delete(OpeningRow).where(OpeningRow.user_name == user))


def _counted() -> Select[str, int, int, float]:
    return (
        select(
            OpeningRow.subject, func.count(func.distinct(OpeningRow.user_name)), func.count(),
            func.max(OpeningRow.at),
        )
        .group_by(OpeningRow.subject).order_by(OpeningRow.subject)
    )  # fmt: skip


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
