"""All parts of the library, put together once, when it starts."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from twinhub_kit.audit import Audit
from twinhub_kit.background import Background
from twinhub_kit.database import Database
from twinhub_kit.health import Health, check_database
from twinhub_kit.metrics import Metrics
from twinhub_kit.operations import Operations

from twinhub_library.areas import OWN_FOLDER
from twinhub_library.changes import Changes
from twinhub_library.details.history import History
from twinhub_library.files import Files, open_files
from twinhub_library.index.service import Search
from twinhub_library.listing import Listing
from twinhub_library.snapshots.restores import Restores
from twinhub_library.snapshots.snapshots import Snapshots, open_snapshots
from twinhub_library.store.base import Base
from twinhub_library.teams import Teams
from twinhub_library.tree import Tree
from twinhub_library.uploads import Uploads, open_uploads
from twinhub_library.usage.quota import Quota
from twinhub_library.usage.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twinhub_library.settings import LibrarySettings


@dataclass(frozen=True)
class Library:
    """The parts that routes use."""

    settings: LibrarySettings
    tree: Tree
    database: Database
    operations: Operations
    """Long work that people ask for."""
    background: Background
    """Work beside the requests: a part adds its own when it is opened."""
    audit: Audit
    changes: Changes
    health: Health
    """What has to be ready; a part adds its own."""
    metrics: Metrics
    """What is counted; a part adds its own to the registry."""
    listing: Listing
    """Which assets there are."""
    teams: Teams
    history: History
    """What has happened to assets; a part adds itself to it."""
    files: Files
    """What people do with files and folders."""
    uploads: Uploads
    """Files that arrive piece by piece."""
    search: Search
    snapshots: Snapshots
    restores: Restores
    usage: Usage
    quota: Quota


def _now() -> datetime:
    return datetime.now(UTC)


@contextlib.contextmanager
def open_library(
    settings: LibrarySettings, *, clock: Callable[[], datetime] = _now
) -> Iterator[Library]:
    """Open a library; what is missing of its folders and tables is made."""
    for folder in (settings.root, settings.root / OWN_FOLDER, settings.state):
        folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as opened:
        tree = opened.enter_context(Tree(settings.root))
        database = Database(settings.database)
        opened.callback(database.close)
        database.make_tables(Base)
        operations = Operations(database)
        opened.callback(operations.close)
        health = Health()
        health.add("database", check_database(database))
        changes = Changes()
        opened.callback(changes.close)
        teams = Teams(tree, database)
        teams.recover()
        audit, background = Audit(), Background()
        search = Search(tree, changes, settings.state / "index")
        opened.callback(search.close)
        background.keep("search", lambda: search.run(background.stopping))
        snapshots = open_snapshots(tree, settings.snapshots, clock, background)
        restores = Restores(tree, snapshots)
        restores.recover()
        usage = Usage(tree, snapshots.shelf, clock)
        background.every(
            settings.quota.measured_every_seconds,
            "usage",
            partial(usage.measure_all, background.stopping),
        )
        quota = Quota(tree, usage, settings.quota)
        files = open_files(
            settings, tree, check_quota=quota.check,
            changes=changes, audit=audit, background=background,
        )  # fmt: skip
        uploads = open_uploads(settings, files, background)
        yield Library(
            settings=settings,
            tree=tree,
            database=database,
            operations=operations,
            background=background,
            audit=audit,
            uploads=uploads,
            health=health,
            metrics=Metrics("library"),
            changes=changes,
            listing=Listing(tree),
            teams=teams,
            history=History(),
            files=files,
            search=search,
            snapshots=snapshots,
            restores=restores,
            usage=usage,
            quota=quota,
        )
