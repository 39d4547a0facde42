"""The index that there is while none can be opened: it answers everything with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twinhub_library.index.base import Document, Query, SearchIndexError


class AbsentIndex:
    """Holds nothing, and says why to whoever searches or writes; see `base.Index`."""

    def __init__(self, why: SearchIndexError) -> None:
        """Say so until another index takes its place."""
        self._kind, self._text = type(why), str(why)

    def upsert(self, document: Document) -> None:
        """Refuse."""
        del document
        self._refuse()

    def remove(self, key: str) -> None:
        """Refuse."""
        del key
        self._refuse()

    def commit(self) -> None:
        """Refuse."""
        self._refuse()

    def search(self, query: Query) -> Never:
        """Refuse."""
        del query
        self._refuse()

    def list_stamps(self, start: str = "") -> Mapping[str, str]:
        """Return nothing."""
        del start
        return {}

    def find_stamp(self, key: str) -> str | None:
        """Return nothing."""
        del key
        return None

    def list_folders(self, start: str = "") -> Iterable[str]:
        """Return nothing."""
        del start
        return ()

    def count(self) -> int:
        """Return 0."""
        return 0

    def rest(self) -> None:
        """Do nothing."""

    def clear(self) -> None:
        """Refuse."""
        self._refuse()

    def close(self) -> None:
        """Do nothing."""

    def _refuse(self) -> Never:
        raise self._kind(self._text)
