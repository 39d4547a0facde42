"""The names in the folders of kinds, each folder looked into once for many changes in it.

Which asset a name is depends on all names beside it. Looked up for each of 20,000 changes in one
folder, that would be 20,000 scans of 20,000 names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.layout import split_version

from twinhub_library.catalogue import find_few, pick_asset, split_asset_path
from twinhub_library.errors import LibraryError
from twinhub_library.scanning import scan_folder

if TYPE_CHECKING:
    from twinhub_dtconfig.layout import NamedAsset

    from twinhub_library.assets import Asset
    from twinhub_library.catalogue import KindFolder
    from twinhub_library.paths import RelativePath
    from twinhub_library.tree import EntryKind, Tree

_MOST_NAMES = 500_000


@dataclass(frozen=True, slots=True)
class _Names:
    """What is in a folder: kinds of names, assets by name, and to which each companion belongs."""

    kinds: dict[str, EntryKind]
    assets: dict[str, NamedAsset]
    owners: dict[str, list[NamedAsset]]

    def about(self, name: str) -> dict[str, NamedAsset]:
        """Return the assets that a name without a version is or belongs to."""
        own = self.assets.get(name)
        return {one.name: one for one in (*([own] if own else ()), *self.owners.get(name, ()))}


class SeenFolders:
    """Finds assets by what folders held when they were first asked for since `forget`."""

    def __init__(self, tree: Tree) -> None:
        """Look into a tree."""
        self._tree = tree
        self._seen: dict[RelativePath, _Names] = {}
        self._count = 0

    def forget(self) -> None:
        """Look anew from now on."""
        self._seen.clear()
        self._count = 0

    def count(self, folder: RelativePath) -> int:
        """Return how many names are in a folder of a kind that was asked for; 0 of others."""
        seen = self._seen.get(folder)
        return len(seen.kinds) if seen else 0

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
        names = self._look_into(folder)
        if folder.has_versions and name not in names.kinds:
            named = names.assets.get(name)
            name = named.entry if named else name
        base = split_version(name)[0] if folder.has_versions else name
        return pick_asset(self._tree, folder, name, names.kinds, names.about(base))

    def _look_into(self, folder: KindFolder) -> _Names:
        if (seen := self._seen.get(folder.path)) is not None:
            return seen
        if self._count > _MOST_NAMES:
            self.forget()
        try:
            kinds = dict(scan_folder(self._tree, folder.path))
        except LibraryError:
            kinds = {}
        assets = folder.group(kinds)
        owners: dict[str, list[NamedAsset]] = {}
        for one in assets.values():
            for name in one.companions:
                owners.setdefault(name, []).append(one)
        self._seen[folder.path] = names = _Names(kinds, assets, owners)
        self._count += len(kinds)
        return names
