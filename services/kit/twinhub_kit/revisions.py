"""The revisions of a service's database, as Alembic knows them; see `twinhub_kit.migrations`.

A module of its own, since a service that has nothing to migrate does without Alembic, which takes
10 MiB.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, cast

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from twinhub_kit.errors import BrokenMigrationError, NewerDatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, MetaData

    from twinhub_kit.database import Database


def upgrade(database: Database, package: str) -> None:
    """Bring a database up to the newest revision of a package's migrations.

    Raises:
        NewerDatabaseError: it is at a revision that this version does not know.
        BrokenMigrationError: a revision has a fault.
    """
    known, head = _revisions(package)
    with _changing(database) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in known:
            raise NewerDatabaseError(
                f"The database is of a newer version ({found}): start that version, or restore a "
                "backup that this one has made."
            )
        if found == head:
            return
        config = _config(package)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _changing(database: Database) -> Iterator[Connection]:
    """Open a transaction in which tables may be made anew that others refer to.

    SQLite changes much of a table only so, and would miss what refers to it meanwhile: it looks
    afterwards instead (https://www.sqlite.org/lang_altertable.html, 7). It is told before, since a
    transaction cannot change that.
    """
    with database.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        pragmas = connection.connection.cursor()
        pragmas.execute("pragma foreign_keys = off")
        try:
            with connection.begin():
                yield connection
                if connection.exec_driver_sql("pragma foreign_key_check").first() is not None:
                    raise BrokenMigrationError("A migration has left rows that refer to nothing.")
        finally:
            pragmas.execute("pragma foreign_keys = on")
            pragmas.close()


@cache
def _revisions(package: str) -> tuple[frozenset[str], str | None]:
    """Return all revisions of a package, which are read from its files, and the newest."""
    script = ScriptDirectory.from_config(_config(package))
    return frozenset(one.revision for one in script.walk_revisions()), script.get_current_head()


def _config(package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    return config


def make_revision(database: Database, package: str, message: str) -> None:
    """Write the revision that a package's tables need beside those of its migrations.

    For developers: look at what Alembic has found out, and mend it. The database is one that may be
    thrown away; it is migrated first.
    """
    upgrade(database, package)
    config = _config(package)
    head = ScriptDirectory.from_config(config).get_current_head() or "0000"
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.revision(config, message, autogenerate=True, rev_id=f"{int(head) + 1:04}")


def list_differences(database: Database, metadata: Sequence[MetaData]) -> list[str]:
    """Return what the tables of a database lack, or have too much, beside those of the code."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, cast("MetaData", list(metadata)))  # takes many too
        return [str(difference) for difference in found]
