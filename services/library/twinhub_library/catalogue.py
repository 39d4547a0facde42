"""Which assets there are, from the names in the folders of kinds; one scan for each folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.layout import (
    NamedAsset,
    companion_names,
    group_names,
    is_asset_name,
    may_be_companion,
    split_version,
)
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_dtconfig.references import AssetKind
from twinhub_dtconfig.versions import Version

from twinhub_library.areas import COMMON, TEAMS, Area, split_path
from twinhub_library.assets import Asset, Metadata
from twinhub_library.errors import BadPathError, LibraryError, NotThereError
from twinhub_library.metadata import read_metadata
from twinhub_library.paths import RelativePath, check_name
from twinhub_library.scanning import find_kind, find_target, is_plain_folder, scan_folder
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twinhub_library.scanning import Names
    from twinhub_library.tree import Tree

__all__ = ["Metadata", "find_asset", "list_assets", "list_roots", "list_versions", "read_metadata"]

MOST_ROOTS = 200
"""Extra roots of an area that are looked for."""
MOST_FOLDERS = 5_000
"""Folders of an area that are looked into for extra roots."""
MOST_NAMES = 10_000
"""Names in each such folder that are looked at."""
DEEPEST_ROOT = 4
"""Names from an area to an extra root in it."""

KINDS = tuple(sorted(AssetKind))
_NO_ROOTS = frozenset({"node_modules", "site-packages", "venv"})
_MOUNTED = frozenset({COMMON, TEAMS})
"""In a private area these are places where a workspace has other areas."""


def list_assets(tree: Tree, area: Area, kind: AssetKind | None = None) -> Iterator[Asset]:
    """Yield the assets of an area: by root, the area's own first, then by kind, then by name.

    A published asset is one, whatever its versions: its newest.
    """
    for root in list_roots(tree, area):
        for one in KINDS if kind is None else (kind,):
            yield from _list_folder(tree, _KindFolder(area, one, root))


def find_asset(tree: Tree, path: RelativePath) -> Asset | None:
    """Return the asset that a path is, belongs to or is in; None if it is in none."""
    try:
        area, rest = split_path(path)
    except NotThereError:
        return None
    at = next((at for at, name in enumerate(rest.names) if name in KINDS), None)
    if at is None or at + 1 == len(rest.names) or not _may_be_root(area, rest.names[:at]):
        return None
    root = RelativePath((*area.path.names, *rest.names[:at]))
    if not all(is_plain_folder(tree, area, rest.names[:end]) for end in range(1, at + 1)):
        return None
    kind, name = AssetKind(rest.names[at]), rest.names[at + 1]
    if not is_asset_name(name):
        return None
    return _find_in_folder(tree, _KindFolder(area, kind, root), name)


def list_versions(tree: Tree, asset: Asset) -> list[str]:
    """Return the versions of a published asset, newest first; none of any other."""
    if asset.area.kind is not AreaKind.COMMON:
        return []
    names = dict(_scan(tree, asset.folder))
    named = group_names(names, has_versions=True).get(asset.name)
    return sorted(named.versions if named else (), key=Version.parse, reverse=True)


def list_roots(tree: Tree, area: Area) -> list[RelativePath]:
    """Return the folders of an area that hold folders of kinds: itself, then others by path.

    Links, hidden folders and those of kinds are not looked into.
    """
    roots = [area.path]
    waiting, seen = [area.path], 0
    own = len(area.path.names)
    while waiting and seen < MOST_FOLDERS and len(roots) <= MOST_ROOTS:
        folder = waiting.pop(0)
        seen += 1
        folders = [
            name for name, kind in _scan(tree, folder, MOST_NAMES) if kind is EntryKind.FOLDER
        ]
        if folder != area.path and any(name in KINDS for name in folders):
            roots.append(folder)
        if len(folder.names) - own < DEEPEST_ROOT:
            inner = [RelativePath((*folder.names, name)) for name in folders if name not in KINDS]
            waiting += [one for one in inner if _may_be_root(area, one.names[own:])]
    return [roots[0], *sorted(roots[1:], key=lambda root: root.names)]


def _may_be_root(area: Area, names: tuple[str, ...]) -> bool:
    """Tell whether a folder of an area is looked into for roots."""
    if len(names) > DEEPEST_ROOT or (area.kind is AreaKind.PRIVATE and names[:1] in _MOUNT_PATHS):
        return False
    return all(
        is_asset_name(name) and name not in _NO_ROOTS and _is_writable(name) for name in names
    )


_MOUNT_PATHS = frozenset((name,) for name in _MOUNTED)


@dataclass(frozen=True, slots=True)
class _KindFolder:
    """The folder of a kind in a root."""

    area: Area
    kind: AssetKind
    root: RelativePath

    @property
    def path(self) -> RelativePath:
        return RelativePath((*self.root.names, self.kind))

    @property
    def has_versions(self) -> bool:
        return self.area.kind is AreaKind.COMMON

    def group(self, names: Iterable[str]) -> dict[str, NamedAsset]:
        return group_names(names, has_versions=self.has_versions)


def _list_folder(tree: Tree, folder: _KindFolder) -> Iterator[Asset]:
    kinds = dict(_scan(tree, folder.path))
    for named in folder.group(kinds).values():
        asset = _asset(tree, folder, named, kinds)
        if asset is not None:
            yield asset


def _find_in_folder(tree: Tree, folder: _KindFolder, name: str) -> Asset | None:
    if folder.has_versions or may_be_companion(name):
        kinds = dict(_scan(tree, folder.path))
    else:
        names = [name, *companion_names(name)]
        kinds = {one: found for one in names if (found := find_kind(tree, folder.path / one))}
    assets = folder.group(kinds)
    base, version = split_version(name) if folder.has_versions else (name, None)
    named = assets.get(base) or _owner(assets, base)
    if named is None or name not in kinds:
        return None
    return _asset(tree, folder, named, kinds, version)


def _owner(assets: Mapping[str, NamedAsset], companion: str) -> NamedAsset | None:
    return next((one for one in assets.values() if companion in one.companions), None)


def _asset(
    tree: Tree, folder: _KindFolder, named: NamedAsset, kinds: Mapping[str, EntryKind],
    version: str | None = None,
) -> Asset | None:  # fmt: skip
    """Return the asset of a name in a folder; None if it is neither a folder nor a file."""
    entry = f"{named.name}@{version}" if version else named.entry
    found = kinds.get(entry)
    if not _is_writable(entry):
        return None
    path = RelativePath((*folder.path.names, entry))
    if version is None and (found is EntryKind.LINK or not named.is_plain):
        version = named.newest
    if found is EntryKind.LINK:
        found = find_target(tree, path)
    if found not in {EntryKind.FOLDER, EntryKind.FILE}:
        return None
    is_folder = found is EntryKind.FOLDER
    return Asset(
        folder.area, folder.kind, named.name, path, is_folder,
        folder.root, version, named.companions,
    )  # fmt: skip


def _scan(tree: Tree, folder: RelativePath, most: int | None = None) -> Names:
    try:
        return scan_folder(tree, folder, most=most)
    except LibraryError:
        return []


def _is_writable(name: str) -> bool:
    """Tell whether a path can hold a name; a file system knows names that none can."""
    if name.isascii() and name.isprintable():
        return True
    try:
        check_name(name)
    except BadPathError:
        return False
    return True
