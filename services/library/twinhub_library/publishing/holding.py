"""Which contents somebody needs, and the removal of those that nobody does."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from twinhub_kit.files.paths import RelativePath

from twinhub_library.store.publishing import HoldRow, ImportRow, PinRow, ProposalRow, VersionRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinhub_kit.database import Database

    from twinhub_library.areas import Area
    from twinhub_library.publishing.contents import ContentStore
    from twinhub_library.publishing.publisher import Publisher
    from twinhub_library.tree import Tree

_log = logging.getLogger(__name__)

LEAST_AGE = 3600.0
"""Seconds that content is kept in any case: an update may be reading it."""


class Holds:
    """Who needs which content, beyond versions, pins and imports: a run, say."""

    def __init__(self, tree: Tree, database: Database, publisher: Publisher) -> None:
        """Keep the holds in a database."""
        self._tree = tree
        self._database = database
        self._publisher = publisher

    def hold(self, digest: str, by: str) -> None:
        """Keep content for somebody, until `release`; doing it twice is as once."""
        with self._publisher.locked(), self._database.session() as session:
            query = select(HoldRow).where(HoldRow.digest == digest, HoldRow.by == by)
            if session.scalars(query).first() is None:
                session.add(HoldRow(digest=digest, by=by, made_at=time.time()))

    def release(self, by: str, digest: str | None = None) -> None:
        """End one hold of somebody's, or all."""
        query = delete(HoldRow).where(HoldRow.by == by)
        if digest is not None:
            query = query.where(HoldRow.digest == digest)
        with self._database.session() as session:
            session.execute(query)

    def is_used_in(self, digest: str, areas: Iterable[Area]) -> bool:
        """Tell whether an import or a pin in one of some areas is of a content."""
        known = [str(area) for area in areas]
        with self._database.reading() as session:
            pinned = session.scalars(select(PinRow.area).where(PinRow.digest == digest))
            copied = session.scalars(select(ImportRow.place).where(ImportRow.digest == digest))
            return any(area in known for area in pinned) or any(
                place.startswith(f"{area}/") for place in copied for area in known
            )

    def collect(self, *, least_age: float = LEAST_AGE) -> list[str]:
        """Remove the contents that nobody refers to; return their digests."""
        with self._publisher.locked():
            needed = self._list_needed()
            return [
                digest
                for store in (self._publisher.store, self._publisher.bases)
                for digest in store.list_digests()
                if digest not in needed and self._remove(store, digest, least_age)
            ]

    def collect_quietly(self) -> None:
        """Remove what nobody refers to, and say so in the log."""
        removed = self.collect()
        if removed:
            _log.info("contents removed count=%d", len(removed))

    def _list_needed(self) -> set[str]:
        with self._database.session() as session:
            needed: set[str] = set()
            for table in (VersionRow, ImportRow, PinRow, HoldRow):
                needed.update(session.scalars(select(table.digest)))
            is_open = ProposalRow.state == "open"
            needed.update(session.scalars(select(ProposalRow.digest).where(is_open)))
            return needed

    def _remove(self, store: ContentStore, digest: str, least_age: float) -> bool:
        with self._tree.open_folder(RelativePath()) as root:
            found = root.find(str(store.path(digest)))
        if found is None or time.time() - found.status.st_ctime < least_age:
            return False
        store.remove(digest)
        return True
