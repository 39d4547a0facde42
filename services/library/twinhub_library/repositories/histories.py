"""The commits of an asset, for its history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.library.assets import HistoryEntry
from twinhub_kit.files.paths import RelativePath

from twinhub_library.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinhub_library.assets import Asset
    from twinhub_library.repositories.connections import Connections
    from twinhub_library.repositories.looking import Looking

_MOST = 500


class CommitHistory:
    """Tells of the commits that changed an asset; a provider of `details.history.History`."""

    def __init__(self, connections: Connections, looking: Looking) -> None:
        """Ask the connected repositories."""
        self._connections, self._looking = connections, looking

    def list_history(self, asset: Asset) -> Iterable[HistoryEntry]:
        """Return the commits, newest first; none where no repository has the asset."""
        for row in self._connections.list():
            place = RelativePath.parse(row.place).names
            if asset.path.names[: len(place)] == place:
                return self._list(row.id, "/".join(asset.path.names[len(place) :]))
        return ()

    def _list(self, repository_id: str, path: str) -> list[HistoryEntry]:
        try:
            commits = self._looking.history(repository_id, path=path, count=_MOST)
        except LibraryError:  # git is not to be had here: the rest of the history is
            return []
        found = [
            HistoryEntry(
                at=one.at, what="commit", by=one.author, version="", message=one.message,
                mark=one.id,
            )
            for one in commits
        ]  # fmt: skip
        return sorted(found, key=lambda one: one.at, reverse=True)
