"""Open links of repositories: cloned and pulled by the library's own syncing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import split_path
from twinhub_library.errors import LibraryError
from twinhub_library.merging import FolderContent
from twinhub_library.opening.importing import Brought, FileOutcome, Standing, State
from twinhub_library.repositories.connections import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_kit.callers import Caller

    from twinhub_library.areas import Area
    from twinhub_library.opening.links import GitLink
    from twinhub_library.repositories.connections import Connections
    from twinhub_library.store.repositories import RepositoryRow
    from twinhub_library.sync import Syncing
    from twinhub_library.tree import Tree

_SHOWN = 12
_LEAST = 1 << 20
"""Bytes that have to be left in the area: nobody knows before how many a repository has."""


class RepositoryImporter:
    """Brings repositories into ``<user>/<folder>``, which stays connected with its own."""

    def __init__(
        self, tree: Tree, connections: Connections, syncing: Syncing,
        check_quota: Callable[[Area, int], None],
    ) -> None:  # fmt: skip
        """Sync into a tree, within limits."""
        self._tree, self._connections, self._syncing = tree, connections, syncing
        self._check_quota = check_quota

    def look(self, caller: Caller, link: GitLink) -> Standing:
        """Return how a repository stands in the caller's own area; nobody else is asked."""
        place = RelativePath((caller.label, *link.target.names))
        row = self._find(place)
        if not self._exists(place):
            return Standing(State.ABSENT, place)
        is_same = row is not None and _is_same(row, link)
        return Standing(State.BEHIND if is_same else State.OTHER, place)

    def bring(self, caller: Caller, link: GitLink) -> Brought:
        """Clone a repository into the caller's own area, or pull.

        Raises:
            LibraryError: it does not answer, or there is no room; nothing has changed then.
        """
        standing = self.look(caller, link)
        if standing.state is State.OTHER:
            return Brought(standing.place, "", ())
        self._check_quota(split_path(standing.place)[0], _LEAST)
        row = self._find(standing.place)
        if standing.state is State.ABSENT and row is not None:  # its folder was deleted
            self._connections.disconnect(row.id)
            row = None
        if row is None:
            return self._clone(caller, link, standing.place)
        pulled = self._syncing.pull(caller, row.id)
        files = tuple(
            FileOutcome(one.path, one.outcome.value, one.copy or "") for one in pulled.files
        )
        return Brought(standing.place, (pulled.commit or "")[:_SHOWN], files)

    def _clone(self, caller: Caller, link: GitLink, place: RelativePath) -> Brought:
        wanted = Wanted(place, link.repository, link.branch)
        row = self._connections.connect(caller, wanted)
        try:
            self._tree.ensure_folder(place.parent)
            pulled = self._syncing.pull(caller, row.id)
        except LibraryError:
            self._connections.disconnect(row.id)
            raise
        names = sorted(FolderContent(self._tree, place).list_files())
        files = tuple(FileOutcome(name, "added") for name in names)
        return Brought(place, (pulled.commit or "")[:_SHOWN], files)

    def _find(self, place: RelativePath) -> RepositoryRow | None:
        return next(
            (row for row in self._connections.list() if row.place == str(place)), None
        )  # fmt: skip

    def _exists(self, place: RelativePath) -> bool:
        try:
            self._tree.get_entry(place)
        except LibraryError:
            return False
        return True


def _is_same(row: RepositoryRow, link: GitLink) -> bool:
    """Return whether a connection is that of a link, whatever is optional in addresses."""
    same_branch = not link.branch or row.branch == link.branch
    return same_branch and _plain(row.address) == _plain(link.repository)


def _plain(address: str) -> str:
    return address.rstrip("/").removesuffix(".git").lower()
