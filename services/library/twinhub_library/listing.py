"""Pages of assets: of areas with 100,000 of them, only what is on a page is looked at.

The names in the folder of a kind are kept while its folder has not changed, which each request
checks. A change within the clock's own grain of the last look would go unseen, so names are kept
only where the folder had been left alone for a while when they were read.
"""

from __future__ import annotations

import heapq
import threading
import time
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

from twinhub_dtconfig.references import Area as AreaKind

from twinhub_library.catalogue import (
    KINDS,
    KindFolder,
    find_few,
    find_roots,
    make_asset,
    pick_asset,
    split_asset_path,
)
from twinhub_library.cursors import make_cursor, read_cursor
from twinhub_library.errors import LibraryError
from twinhub_library.scanning import scan_folder
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twinhub_dtconfig.layout import NamedAsset
    from twinhub_dtconfig.references import AssetKind
    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.areas import Area
    from twinhub_library.assets import Asset
    from twinhub_library.tree import Entry, Tree

_MOST_FOLDERS = 256
_MOST_NAMES = 500_000
_SETTLED_SECONDS = 2.0

_RANKS = {AreaKind.PRIVATE: "0", AreaKind.TEAM: "1", AreaKind.COMMON: "2"}

Key = tuple[str, ...]


class Order(StrEnum):
    """What a list is in order of."""

    PATH = "path"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Page:
    """Some assets in order, and the cursor of the next page; empty on the last."""

    assets: tuple[Asset, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class FolderNames:
    """The assets of one folder by their names, in order."""

    folder: KindFolder
    kinds: dict[str, EntryKind]
    named: dict[str, NamedAsset]
    names: tuple[str, ...]


class Listing:
    """Which assets there are, page by page; safe to use from several threads."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree that they are in."""
        self._tree = tree
        self._kept: OrderedDict[RelativePath, tuple[str, FolderNames]] = OrderedDict()
        self._roots: OrderedDict[Area, tuple[dict[RelativePath, str], list[RelativePath]]] = (
            OrderedDict()
        )
        self._lock = threading.Lock()

    def list_page(
        self, areas: Sequence[Area], *, kinds: Sequence[AssetKind] = KINDS,
        order: Order = Order.PATH, after: str = "", limit: int = 100,
        below: RelativePath | None = None,
    ) -> Page:  # fmt: skip
        """Return the assets after a cursor: area by area, or all together by name.

        A private area comes first, then teams, then the common one; in each its roots, then kinds,
        then names. ``below`` leaves only the roots at or below a folder.

        Raises:
            BadCursorError: no page has given the cursor.
        """
        is_by_name = order is Order.NAME
        place = read_cursor(after, 3 if is_by_name else 5)
        folders = self._folders(areas, kinds, below)
        entries = _by_name(folders, place) if is_by_name else _by_path(folders, place)
        found: list[Asset] = []
        last: Key = ()
        for key, folder, name in entries:
            if len(found) == limit:
                return Page(tuple(found), make_cursor(last))
            last = key
            asset = make_asset(self._tree, folder.folder, folder.named[name], folder.kinds)
            if asset is not None:
                found.append(asset)
        return Page(tuple(found))

    def find_asset(self, path: RelativePath) -> Asset | None:
        """Return the asset that a path is, belongs to or is in; None if it is in none."""
        place = split_asset_path(self._tree, path)
        if place is None:
            return None
        folder, name = place
        if folder.needs_all_names(name):
            names = self.names_of(folder)
            return pick_asset(self._tree, folder, name, names.kinds, names.named)
        kinds = find_few(self._tree, folder, name)
        return pick_asset(self._tree, folder, name, kinds, folder.group(kinds))

    def list_versions(self, asset: Asset) -> list[str]:
        """Return the versions of a published asset, newest first; none of any other."""
        if asset.area.kind is not AreaKind.COMMON:
            return []
        named = self.names_of(KindFolder(asset.area, asset.kind, asset.root)).named.get(asset.name)
        return named.list_versions() if named else []

    def names_of(self, folder: KindFolder) -> FolderNames:
        """Return the names in the folder of a kind; none if it is not there."""
        before = self._entry(folder.path)
        if before is None:
            return FolderNames(folder, {}, {}, ())
        with self._lock:
            kept = self._kept.get(folder.path)
            if kept is not None and kept[0] == before.etag:
                self._kept.move_to_end(folder.path)
                return kept[1]
        try:
            kinds = dict(scan_folder(self._tree, folder.path))
        except LibraryError:
            kinds = {}
        named = folder.group(kinds)
        names = FolderNames(folder, kinds, named, tuple(named))
        if before.kind is EntryKind.FOLDER and _is_settled(before):
            self._keep(folder.path, before.etag, names)
        return names

    def roots_of(self, area: Area) -> list[RelativePath]:
        """Return the roots of an area, its own first."""
        with self._lock:
            kept = self._roots.get(area)
        if kept is not None and all(self._etag(path) == etag for path, etag in kept[0].items()):
            return kept[1]
        found = find_roots(self._tree, area)
        entries = {path: self._entry(path) for path in found.folders}
        if all(entry is not None and _is_settled(entry) for entry in entries.values()):
            etags = {path: entry.etag if entry else "" for path, entry in entries.items()}
            with self._lock:
                self._roots[area] = (etags, found.roots)
                while len(self._roots) > _MOST_FOLDERS:
                    self._roots.popitem(last=False)
        return found.roots

    def _etag(self, path: RelativePath) -> str:
        entry = self._entry(path)
        return entry.etag if entry else ""

    def _folders(
        self, areas: Sequence[Area], kinds: Sequence[AssetKind], below: RelativePath | None
    ) -> Iterator[tuple[Key, KindFolder, Listing]]:
        for area in sorted(areas, key=lambda one: (_RANKS[one.kind], str(one))):
            for root in self.roots_of(area):
                if below is not None and root.names[: len(below.names)] != below.names:
                    continue
                for kind in sorted(kinds):
                    key = (_RANKS[area.kind], str(area), "\0".join(root.names), str(kind))
                    yield key, KindFolder(area, kind, root), self

    def _keep(self, path: RelativePath, etag: str, names: FolderNames) -> None:
        with self._lock:
            self._kept[path] = (etag, names)
            self._kept.move_to_end(path)
            while len(self._kept) > _MOST_FOLDERS or self._count() > _MOST_NAMES:
                self._kept.popitem(last=False)

    def _count(self) -> int:
        return sum(len(names.kinds) for _, names in self._kept.values())

    def _entry(self, path: RelativePath) -> Entry | None:
        try:
            return self._tree.get_entry(path)
        except LibraryError:
            return None


def _by_path(
    folders: Iterator[tuple[Key, KindFolder, Listing]], place: Key
) -> Iterator[tuple[Key, FolderNames, str]]:
    """Yield what comes after a place; the names of folders before it are not even read."""
    for key, folder, listing in folders:
        if place and key < place[:-1]:
            continue
        names = listing.names_of(folder)
        start = bisect_right(names.names, place[-1]) if key == place[:-1] else 0
        for name in islice(names.names, start, None):
            yield (*key, name), names, name


def _by_name(
    folders: Iterator[tuple[Key, KindFolder, Listing]], place: Key
) -> Iterator[tuple[Key, FolderNames, str]]:
    """Yield what comes after a place: by name, and by its folder where names are equal."""
    every = [_named_after(key, listing.names_of(folder), place) for key, folder, listing in folders]
    return heapq.merge(*every, key=lambda one: one[0])


def _named_after(
    key: Key, names: FolderNames, place: Key
) -> Iterator[tuple[Key, FolderNames, str]]:
    where = "\0".join(key)
    start = 0
    if place:
        start = bisect_right(names.names, place[0])
        if start and names.names[start - 1] == place[0] and where > place[1]:
            start -= 1
    for name in islice(names.names, start, None):
        yield (name, where, ""), names, name


def _is_settled(entry: Entry) -> bool:
    return time.time() - entry.changed_at.timestamp() > _SETTLED_SECONDS
