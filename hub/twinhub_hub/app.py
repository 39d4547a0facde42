"""The hub's application: JupyterHub, as one that migrates by itself and whom a class may call."""

from __future__ import annotations

import logging
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alembic import command
from alembic.config import Config
from jupyterhub import dbutil, orm
from jupyterhub.app import JupyterHub
from jupyterhub.handlers.base import BaseHandler
from sqlalchemy import create_engine
from traitlets import default
from twinhub_api.log_lines import log_to_stderr, traitlets_logging

from twinhub_hub import teams
from twinhub_hub.acting import ActsForWhoAsks
from twinhub_hub.pages.api import INSTEAD
from twinhub_hub.pages.server_names import ChecksServerNames

BACKLOG = 4096
"""Connections that may wait until the hub takes them; the kernel may allow fewer."""


class TwinHub(JupyterHub):  # type: ignore[misc]
    """JupyterHub, which migrates a database of an older version before it opens it.

    JupyterHub's own ``upgrade_db`` starts ``alembic`` as another program, which writes text into
    the log that is lines of JSON, and which has to be on the ``PATH``.
    """

    name = "jupyterhub"

    @default("logging_config")  # type: ignore[untyped-decorator]
    def _log_lines_of_json(self) -> dict[str, dict[str, dict[str, object]]]:
        """Log so from the beginning, also what is wrong with the configuration."""
        return traitlets_logging("hub")

    async def start(self) -> None:
        """Start, and have many connections wait for the hub.

        Tornado has 128 wait; of one more, the kernel throws the first packet away, and its sender
        repeats it after 1, 3, 7, ... seconds: a class that starts at one moment would lose half a
        minute while the hub has nothing to do.
        """
        await super().start()
        # a second listen() changes the length alone, see listen(2); Tornado has no way to say it
        for socket in self.http_server._sockets.values():  # noqa: SLF001
            socket.listen(BACKLOG)
        teams.watch(self)

    def init_handlers(self) -> None:
        """Have each request be handled for who makes it, some by our own handlers."""
        super().init_handlers()
        found: list[tuple[Any, ...]] = self.handlers  # type: ignore[has-type]
        self.handlers = [
            (path, _acting(INSTEAD.get(handler, handler)), *more) for path, handler, *more in found
        ]

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


@cache
def _acting(handler: type[Any]) -> type[Any]:
    """Return a handler that acts for who asks; its name stays, which metrics show."""
    if not issubclass(handler, BaseHandler):
        return handler
    names = {"__module__": handler.__module__, "__doc__": handler.__doc__}
    return type(handler.__name__, (ActsForWhoAsks, ChecksServerNames, handler), names)


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
