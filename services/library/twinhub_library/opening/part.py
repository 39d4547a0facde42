"""The parts that open links, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_library.opening.opening import Opening
from twinhub_library.opening.published import Publications, PublishedImporter
from twinhub_library.opening.repositories import RepositoryImporter
from twinhub_library.store.openings import Openings

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from twinhub_kit.database import Database

    from twinhub_library.publishing.part import Publishing
    from twinhub_library.repositories.parts import Repositories
    from twinhub_library.tree import Tree
    from twinhub_library.usage.quota import Quota


def open_opening(
    tree: Tree, database: Database, publishing: Publishing, repositories: Repositories,
    quota: Quota, clock: Callable[[], datetime],
) -> Opening:  # fmt: skip
    """Return what opens links by the library's own imports and syncing."""
    versions = publishing.publisher.versions
    importer = PublishedImporter(tree, publishing.imports, versions)
    git = RepositoryImporter(
        tree, repositories.connections, repositories.syncing, quota.check
    )  # fmt: skip
    return Opening(tree, Openings(database), importer, git, clock, Publications(versions))
