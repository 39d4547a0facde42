"""The names in the folders of kinds, each folder looked into once for many changes in it.

Which asset a name is depends on the names beside it. Looked up for each of 20,000 changes in one
folder, that would be 20,000 scans of 20,000 names. But only names that begin alike, up to the first
dot or at-sign, can belong together: the others need not be looked at.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twinhub_dtconfig.layout import split_version

from twinhub_library.catalogue import find_few, is_writable, pick_asset, split_asset_path
from twinhub_library.errors import LibraryError
from twinhub_library.scanning import find_kind, list_names, scan_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twinhub_dtconfig.layout import NamedAsset
    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.assets import Asset
    from twinhub_library.catalogue import KindFolder
    from twinhub_library.tree import EntryKind, Tree

_MOST_NAMES = 500_000
_FEW = 32
"""Of so many names it is asked by itself what they stand for; else all are scanned at once."""


@dataclass(frozen=True, slots=True)
class _Names:
    """Names that begin alike: kinds, assets by name, and to which each companion belongs."""

    kinds: Mapping[str, EntryKind]
    assets: Mapping[str, NamedAsset]
    owners: Mapping[str, Sequence[NamedAsset]]

    def about(self, name: str) -> dict[str, NamedAsset]:
        """Return the assets that a name without a version is or belongs to."""
        own = self.assets.get(name)
        return {one.name: one for one in (*([own] if own else ()), *self.owners.get(name, ()))}


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder of a kind: its names by their beginnings, and what was asked of them."""

    names: Mapping[str, Sequence[str]]
    asked: dict[str, _Names] = field(default_factory=dict)


class SeenFolders:
    """Finds assets by what folders held when they were first asked for since `forget`."""

    def __init__(self, tree: Tree) -> None:
        """Look into a tree."""
        self._tree = tree
        self._seen: dict[RelativePath, _Folder] = {}
        self._count = 0

    def forget(self) -> None:
        """Look anew from now on."""
        self._seen.clear()
        self._count = 0

    def find_asset(self, path: RelativePath) -> Asset | None:
        """Return the asset that a path is, belongs to or is in.

        Where only versions of a name are there, the name stands for the newest.
        """
        place = split_asset_path(self._tree, path)
        if place is None:
            return None
        folder, name = place
        if not folder.needs_all_names(name):
            kinds = find_few(self._tree, folder, name)
            return pick_asset(self._tree, folder, name, kinds, folder.group(kinds))
        names = self._ask(folder, _beginning(name))
        if folder.has_versions and name not in names.kinds:
            named = names.assets.get(name)
            name = named.entry if named else name
        base = split_version(name)[0] if folder.has_versions else name
        return pick_asset(self._tree, folder, name, names.kinds, names.about(base))

    def _ask(self, folder: KindFolder, beginning: str) -> _Names:
        seen = self._look_into(folder)
        if (names := seen.asked.get(beginning)) is None:
            kinds = self._kinds_of(folder, seen.names.get(beginning, ()))
            assets = folder.group(kinds)
            owners: dict[str, list[NamedAsset]] = {}
            for one in assets.values():
                for name in one.companions:
                    owners.setdefault(name, []).append(one)
            names = seen.asked[beginning] = _Names(kinds, assets, owners)
        return names

    def _kinds_of(self, folder: KindFolder, names: Sequence[str]) -> dict[str, EntryKind]:
        if len(names) > _FEW:
            wanted = frozenset(names)
            try:
                found = scan_folder(self._tree, folder.path)
            except LibraryError:
                return {}
            return {name: kind for name, kind in found if name in wanted}
        kinds: dict[str, EntryKind] = {}
        for name in filter(is_writable, names):
            if (kind := find_kind(self._tree, folder.path / name)) is not None:
                kinds[name] = kind
        return kinds

    def _look_into(self, folder: KindFolder) -> _Folder:
        if (seen := self._seen.get(folder.path)) is not None:
            return seen
        if self._count > _MOST_NAMES:
            self.forget()
        try:
            found = list_names(self._tree, folder.path)
        except LibraryError:
            found = []
        names = defaultdict(list)
        for name in found:
            names[_beginning(name)].append(name)
        self._seen[folder.path] = seen = _Folder(names)
        self._count += len(found)
        return seen


def _beginning(name: str) -> str:
    """Return what a name has in common with all that may belong to it, or it to them."""
    return name.partition(".")[0].partition("@")[0]
