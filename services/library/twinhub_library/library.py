"""All parts of the library, put together once, when it starts."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_kit.database import Database

from twinhub_library.areas import OWN_FOLDER
from twinhub_library.details.history import History
from twinhub_library.listing import Listing
from twinhub_library.store.base import Base
from twinhub_library.teams import Teams
from twinhub_library.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_library.settings import LibrarySettings


@dataclass(frozen=True)
class Library:
    """The parts that routes use."""

    settings: LibrarySettings
    tree: Tree
    database: Database
    listing: Listing
    teams: Teams
    history: History


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
        teams = Teams(tree, database)
        teams.recover()
        yield Library(settings, tree, database, Listing(tree), teams, History())
