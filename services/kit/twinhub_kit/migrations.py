"""Brings a service's database to the tables that its code has, one revision after the other.

A service keeps its revisions in ``<package>/migrations/versions`` as Alembic writes them
(https://alembic.sqlalchemy.org). All revisions of one start are one transaction: what is
interrupted has not begun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from twinhub_kit.errors import ServiceError

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from twinhub_kit.database import Database


class NewerDatabaseError(ServiceError):
    """The database was made by a newer version of the service than this one."""

    code = "newer-database"


def migrate(database: Database, package: str) -> None:
    """Bring a database up to the newest revision of a package's migrations.

    Raises:
        NewerDatabaseError: it is at a revision that this version does not know.
    """
    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    script = ScriptDirectory.from_config(config)
    with database.engine.begin() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in {one.revision for one in script.walk_revisions()}:
            raise NewerDatabaseError(
                f"The database is of a newer version ({found}): start that version, or restore a "
                "backup that this one has made."
            )
        if found == script.get_current_head():
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def list_differences(database: Database, metadata: MetaData) -> list[str]:
    """Return what the tables of a database lack, or have too much, beside those of the code."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(difference) for difference in compare_metadata(context, metadata)]
