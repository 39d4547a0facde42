"""Brings a service's database to the tables that its code has, one revision after the other.

A service keeps its revisions in ``<package>/migrations/versions`` as Alembic writes them
(https://alembic.sqlalchemy.org), in files whose names begin with their numbers. All revisions of
one start are one transaction: what is interrupted has not begun.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import inspect

if TYPE_CHECKING:
    from twinhub_kit.database import Database

_VERSION = "alembic_version"


def migrate(database: Database, package: str) -> None:
    """Bring a database up to the newest revision of a package's migrations.

    Raises:
        NewerDatabaseError: it is at a revision that this version does not know.
        BrokenMigrationError: a revision has a fault.
    """
    if _find_revision(database) != _find_newest(package):
        from twinhub_kit.revisions import upgrade  # noqa: PLC0415 - it is large, and seldom needed

        upgrade(database, package)


def _find_revision(database: Database) -> str | None:
    with database.engine.connect() as connection:
        if not inspect(connection).has_table(_VERSION):
            return None
        found = connection.exec_driver_sql(f"select version_num from {_VERSION}")  # noqa: S608
        return found.scalar_one_or_none()


def _find_newest(package: str) -> str:
    """Return the last revision by the names of files, without reading them."""
    versions = files(package) / "migrations" / "versions"
    names = (one.name for one in versions.iterdir() if one.name[:1].isdigit())
    return max(names).partition("_")[0]
