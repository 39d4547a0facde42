"""All parts of the library, put together once, when it starts."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_kit.audit import Audit
from twinhub_kit.background import Background
from twinhub_kit.database import Database
from twinhub_kit.health import Health, check_database
from twinhub_kit.metrics import Metrics
from twinhub_kit.operations import Operations

from twinhub_library.areas import OWN_FOLDER
from twinhub_library.changes import Changes
from twinhub_library.files import Files, open_files
from twinhub_library.store.base import Base
from twinhub_library.tree import Tree
from twinhub_library.uploads import Uploads, open_uploads

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    health: Health
    """What has to be ready; a part adds its own."""
    metrics: Metrics
    """What is counted; a part adds its own to the registry."""
    changes: Changes
    files: Files
    """What people do with files and folders."""
    uploads: Uploads
    """Files that arrive piece by piece."""


@contextlib.contextmanager
def open_library(settings: LibrarySettings) -> Iterator[Library]:
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
        audit, background = Audit(), Background()
        files = open_files(settings, tree, changes=changes, audit=audit, background=background)
        uploads = open_uploads(settings, files, background)
        yield Library(
            settings=settings,
            tree=tree,
            database=database,
            operations=operations,
            background=background,
            audit=audit,
            changes=changes,
            files=files,
            uploads=uploads,
            health=health,
            metrics=Metrics("library"),
        )
