"""What is in an asset, folder by folder, within limits."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_api.library.assets import AssetSize, TreeEntry, TreePage
from twinhub_kit.files.paths import RelativePath

from twinhub_library.catalogue import is_writable
from twinhub_library.cursors import make_cursor, read_cursor
from twinhub_library.errors import LibraryError
from twinhub_library.scanning import scan_folder
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_library.assets import Asset
    from twinhub_library.tree import Tree

MOST_NAMES = 20_000
"""Names of one folder that are shown."""
MOST_COUNTED = 200_000
"""Files and folders that are counted for the size of an asset."""
DEEPEST = 64

Names = tuple[str, ...]


@dataclass(slots=True)
class _Walk:
    """Goes through an asset in the order of its paths; links are told and not followed."""

    tree: Tree
    asset: Asset
    depth: int
    is_cut: bool = False

    def entries_after(self, place: Names, inside: Names = ()) -> Iterator[tuple[Names, EntryKind]]:
        """Yield what comes after a place; whole folders before it are not looked into."""
        at = len(inside)
        bound = place[at] if place[:at] == inside and len(place) > at else ""
        for name, kind in self._scan(inside, bound):
            path = (*inside, name)
            if path > place:
                yield path, kind
            if kind is EntryKind.FOLDER and len(path) < self.depth:
                yield from self.entries_after(place, path)
            elif kind is EntryKind.FOLDER:
                self.is_cut = self.is_cut or self.depth == DEEPEST

    def _scan(self, inside: Names, bound: str) -> list[tuple[str, EntryKind]]:
        path = RelativePath((*self.asset.path.names, *inside))
        try:
            found = scan_folder(self.tree, path, most=MOST_NAMES + 1)
        except LibraryError:
            return []
        if len(found) > MOST_NAMES:
            self.is_cut = True
        usable = (one for one in found[:MOST_NAMES] if is_writable(one[0]) and one[0] >= bound)
        return sorted(usable)


def list_tree(tree: Tree, asset: Asset, *, depth: int, after: str, limit: int) -> TreePage:
    """Return what is in an asset after a cursor, in the order of paths, so many levels deep.

    Raises:
        BadCursorError: no page has given the cursor.
    """
    walk = _Walk(tree, asset, depth)
    place = read_cursor(after)
    entries: list[TreeEntry] = []
    last: Names = ()
    found = walk.entries_after(place) if asset.is_folder else iter(())
    for names, kind in found:
        if len(entries) == limit:
            return TreePage(entries=tuple(entries), next=make_cursor(last), is_cut=walk.is_cut)
        last = names
        entry = _entry(tree, asset, names, kind)
        if entry is not None:
            entries.append(entry)
    return TreePage(entries=tuple(entries), is_cut=walk.is_cut)


def _entry(tree: Tree, asset: Asset, names: Names, kind: EntryKind) -> TreeEntry | None:
    try:
        found = tree.get_entry(RelativePath((*asset.path.names, *names)))
    except LibraryError:  # it has just ended
        return None
    return TreeEntry(
        path="/".join(names), kind=kind.value, size=found.size, changed_at=found.changed_at
    )


def measure(tree: Tree, asset: Asset) -> AssetSize:
    """Return how large an asset is, what belongs to it included; links count nothing."""
    size = files = folders = seen = 0
    for name in asset.companions:
        size, files = size + _size_of(tree, asset.folder / name), files + 1
    if not asset.is_folder:
        size, files = size + _size_of(tree, asset.path), files + 1
        return AssetSize(size=size, files=files, folders=0, is_complete=True)
    waiting, is_complete = [asset.path], True
    while waiting:
        folder = waiting.pop()
        try:
            found = _measure_folder(tree, folder, MOST_COUNTED - seen)
        except LibraryError:
            is_complete = False
            continue
        size, files = size + found.size, files + found.files
        folders, seen = folders + len(found.folders), seen + found.seen
        is_deep = len(folder.names) - len(asset.path.names) >= DEEPEST
        is_complete = is_complete and found.is_complete and not (is_deep and found.folders)
        if not is_deep and seen < MOST_COUNTED:
            waiting += [RelativePath((*folder.names, name)) for name in found.folders]
        elif found.folders:
            is_complete = False
    return AssetSize(size=size, files=files, folders=folders, is_complete=is_complete)


@dataclass(slots=True)
class _Measured:
    size: int
    files: int
    folders: list[str]
    seen: int
    is_complete: bool


def _measure_folder(tree: Tree, path: RelativePath, most: int) -> _Measured:
    found = _Measured(0, 0, [], 0, is_complete=True)
    folder = tree.open_folder_descriptor(path)
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found.seen += 1
                if found.seen > most:
                    found.is_complete = False
                    break
                if entry.is_dir(follow_symlinks=False):
                    found.folders.append(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    found.files += 1
                    found.size += _stat_size(entry)
    finally:
        os.close(folder)
    return found


def _stat_size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:  # it has just ended
        return 0


def _size_of(tree: Tree, path: RelativePath) -> int:
    """Return the bytes of a file; of a published one, those of what its link leads to."""
    try:
        file = tree.open_file(path)
    except LibraryError:
        return 0
    try:
        return os.fstat(file).st_size
    finally:
        os.close(file)
