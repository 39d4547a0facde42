"""What has happened to an asset, from all parts of the library that know something."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from twinhub_library.cursors import make_cursor, read_cursor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinhub_api.library.assets import HistoryEntry

    from twinhub_library.assets import Asset

_MOST_ENTRIES = 10_000


class HistoryProvider(Protocol):
    """A part of the library that knows what has happened to assets."""

    def list_history(self, asset: Asset) -> Iterable[HistoryEntry]:
        """Yield what has happened to an asset, newest first; nothing if nothing is known."""


@dataclass(frozen=True)
class History:
    """What has happened to assets; parts of the library are added when it starts."""

    providers: list[HistoryProvider] = field(default_factory=list)

    def add(self, provider: HistoryProvider) -> None:
        """Ask a further part from now on."""
        self.providers.append(provider)

    def list_page(
        self, asset: Asset, *, after: str = "", limit: int = 100
    ) -> tuple[list[HistoryEntry], str]:
        """Return what has happened after a cursor, newest first, and the cursor of the next page.

        Raises:
            BadCursorError: no page has given the cursor.
        """
        place = read_cursor(after, 2)
        every = (provider.list_history(asset) for provider in self.providers)
        merged = heapq.merge(*every, key=_key, reverse=True)
        entries = islice(merged, _MOST_ENTRIES)
        left = [one for one in entries if not place or _key(one) < place]
        page = left[:limit]
        is_last = len(page) == len(left)
        return page, "" if is_last else make_cursor(_key(page[-1]))


def _key(entry: HistoryEntry) -> tuple[str, str]:
    return entry.at.isoformat(), f"{entry.what}\0{entry.mark}\0{entry.version}"
