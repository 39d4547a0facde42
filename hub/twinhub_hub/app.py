"""The hub's application: JupyterHub, with migrations of the database in its own process."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.config import Config
from jupyterhub import dbutil, orm
from jupyterhub.app import JupyterHub
from sqlalchemy import create_engine

from twinhub_hub.log_lines import log_to_stderr


class TwinHub(JupyterHub):  # type: ignore[misc]
    """JupyterHub, which migrates a database of an older version before it opens it.

    JupyterHub's own ``upgrade_db`` starts ``alembic`` as another program, which writes text into
    the log that is lines of JSON, and which has to be on the ``PATH``.
    """

    name = "jupyterhub"

    def init_db(self) -> None:
        """Open the database; one of an older version is copied aside and migrated first."""
        engine = create_engine(self.db_url)
        try:
            orm.check_db_revision(engine)
        except orm.DatabaseSchemaMismatch:
            dbutil.backup_db_file(engine.url.database, log=self.log)
            migrate(self.db_url)
        finally:
            engine.dispose()
        super().init_db()


def migrate(url: str) -> None:
    """Bring JupyterHub's SQLite database at a SQLAlchemy ``url`` to this version's tables."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "alembic.ini"
        dbutil.write_alembic_ini(str(path), url)
        command.upgrade(Config(str(path)), "head")


if __name__ == "__main__":
    # the class must be the one of the module's name, of which there is one
    from twinhub_hub.app import TwinHub as Application

    log_to_stderr("hub", logging.WARNING)
    Application.launch_instance(sys.argv[1:])
