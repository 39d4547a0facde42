"""The database of a service: SQLite with a write-ahead log, or PostgreSQL by its address."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

from twinhub_kit.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Connection

    from sqlalchemy import Connection as SqlConnection

_BUSY_MILLISECONDS = 30_000
_ONLY_READS = "twinhub_only_reads"


class Database:
    """Sessions that are committed as a whole or not at all."""

    def __init__(self, url: str) -> None:
        """Prepare connections to an address of SQLAlchemy, such as ``sqlite:////path``."""
        self.engine = _engine(url)
        self._reader = self.engine.execution_options(**{_ONLY_READS: True})

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session; what it did is kept when the block ends without an error.

        Raises:
            UnavailableError: the database does not answer, is locked for long, or has no room.
        """
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        except OperationalError as error:
            raise UnavailableError(
                "The database cannot be written right now: try again in a moment. If it stays so, "
                "tell an administrator: its disk may be full."
            ) from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that only reads, and so waits for nobody who writes.

        It sees what was committed when it first read. SQLite refuses that it writes.

        Raises:
            UnavailableError: the database does not answer.
        """
        try:
            with Session(self._reader, expire_on_commit=False) as session:
                yield session
        except OperationalError as error:
            raise UnavailableError(
                "The database does not answer right now: try again in a moment. If it stays so, "
                "tell an administrator."
            ) from error

    def make_tables(self, base: type[DeclarativeBase]) -> None:
        """Make the tables that are missing."""
        base.metadata.create_all(self.engine)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def as_utc(time: datetime) -> datetime:
    """Return a time of the database with its zone, which SQLite does not keep."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _engine(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _use_write_ahead_log)
        event.listen(engine, "begin", _begin_at_once)
    return engine


def _use_write_ahead_log(connection: Connection, _: object) -> None:
    """See https://www.sqlite.org/wal.html; every commit reaches the disk before it is told."""
    connection.isolation_level = None  # we begin ourselves, see below
    for pragma in (
        "journal_mode = wal", "synchronous = full", "foreign_keys = on",
        f"busy_timeout = {_BUSY_MILLISECONDS}",
    ):  # fmt: skip
        connection.execute(f"pragma {pragma}")


def _begin_at_once(connection: SqlConnection) -> None:
    """Take the write lock at the start: a transaction that reads first could not get it later."""
    only_reads = connection.get_execution_options().get(_ONLY_READS, False)
    connection.exec_driver_sql(f"pragma query_only = {'on' if only_reads else 'off'}")
    connection.exec_driver_sql("begin" if only_reads else "begin immediate")
