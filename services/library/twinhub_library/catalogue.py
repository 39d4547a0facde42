"""Which assets there are, from the names in the folders of kinds; one scan for each folder."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.layout import (
    companion_names,
    group_names,
    is_asset_name,
    may_be_companion,
    split_version,
)
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_dtconfig.references import AssetKind
from twinhub_kit.files.errors import BadPathError, NotThereError
from twinhub_kit.files.paths import RelativePath, check_name

from twinhub_library.areas import COMMON, TEAMS, Area, split_path
from twinhub_library.assets import Asset, Metadata
from twinhub_library.errors import LibraryError
from twinhub_library.metadata import read_metadata
from twinhub_library.scanning import find_kind, find_target, is_plain_folder, scan_folder
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twinhub_dtconfig.layout import NamedAsset

    from twinhub_library.scanning import Names
    from twinhub_library.tree import Tree

__all__ = ["Metadata", "find_asset", "list_assets", "list_roots", "list_versions", "read_metadata"]

MOST_ROOTS = 200
"""Extra roots of an area that are looked for."""
MOST_FOLDERS = 1_000
"""Folders of an area that are looked into for extra roots."""
MOST_NAMES = 10_000
"""Names in each such folder that are looked at."""
DEEPEST_ROOT = 4
"""Names from an area to an extra root in it."""

KINDS = tuple(sorted(AssetKind))
_NO_ROOTS = frozenset({"node_modules", "site-packages", "venv"})
_FOLDER = EntryKind.FOLDER
_MOUNTED = frozenset({COMMON, TEAMS})
"""In a private area these are places where a workspace has other areas."""


def list_assets(tree: Tree, area: Area, kind: AssetKind | None = None) -> Iterator[Asset]:
    """Yield the assets of an area: by root, the area's own first, then by kind, then by name.

    A published asset is one, whatever its versions: its newest.
    """
    for root in list_roots(tree, area):
        for one in KINDS if kind is None else (kind,):
            yield from _list_folder(tree, KindFolder(area, one, root))


def find_asset(tree: Tree, path: RelativePath) -> Asset | None:
    """Return the asset that a path is, belongs to or is in; None if it is in none."""
    place = split_asset_path(tree, path)
    if place is None:
        return None
    folder, name = place
    if folder.needs_all_names(name):
        kinds = dict(_scan(tree, folder.path))
    else:
        kinds = find_few(tree, folder, name)
    return pick_asset(tree, folder, name, kinds, folder.group(kinds))


def say_no_asset(tree: Tree, path: RelativePath) -> str:
    """Return why a path is no asset, with the nearest one in its folder, in words for people."""
    place = split_asset_path(tree, path)
    if place is None:
        return f"{path} is no asset: name a folder or file below a kind, such as models/tank."
    folder, name = place
    assets = folder.group(dict(_scan(tree, folder.path)))
    if (nearest := nearest_key(name, assets)) is not None:
        return f"There is no {path}; did you mean {folder.path}/{nearest}?"
    return f"There is no {path}: name a folder or file in {folder.path}."


def split_asset_path(tree: Tree, path: RelativePath) -> tuple[KindFolder, str] | None:
    """Return the folder of a kind that a path leads through and the name in it; None without."""
    try:
        area, rest = split_path(path)
    except NotThereError:
        return None
    at = next((at for at, name in enumerate(rest.names) if name in KINDS), None)
    if at is None or at + 1 == len(rest.names) or not _may_be_root(area, rest.names[:at]):
        return None
    if not all(is_plain_folder(tree, area, rest.names[:end]) for end in range(1, at + 1)):
        return None
    root = RelativePath((*area.path.names, *rest.names[:at]))
    name = rest.names[at + 1]
    return (
        (KindFolder(area, AssetKind(rest.names[at]), root), name) if is_asset_name(name) else None
    )


def find_few(tree: Tree, folder: KindFolder, name: str) -> dict[str, EntryKind]:
    """Return what a name stands for, and the names that belong to it, without a scan."""
    names = [name, *companion_names(name)]
    return {one: found for one in names if (found := find_kind(tree, folder.path / one))}


def pick_asset(
    tree: Tree, folder: KindFolder, name: str,
    kinds: Mapping[str, EntryKind], assets: Mapping[str, NamedAsset],
) -> Asset | None:  # fmt: skip
    """Return the asset that a name in a folder is or belongs to."""
    if name not in kinds:
        return None
    base, version = split_version(name) if folder.has_versions else (name, None)
    named = assets.get(base)
    owners = (one for one in assets.values() if base in one.companions)
    found = (
        make_asset(tree, folder, one, kinds, version) for one in ([named] if named else owners)
    )
    return next(filter(None, found), None)


def list_versions(tree: Tree, asset: Asset) -> list[str]:
    """Return the versions of a published asset, newest first; none of any other."""
    folder = KindFolder(asset.area, asset.kind, asset.root)
    if not folder.has_versions:
        return []
    named = folder.group(dict(_scan(tree, folder.path))).get(asset.name)
    return named.list_versions() if named else []


@dataclass(frozen=True, slots=True)
class FoundRoots:
    """The roots of an area, and the folders that were looked into for them."""

    roots: list[RelativePath]
    folders: list[RelativePath]


def list_roots(tree: Tree, area: Area) -> list[RelativePath]:
    """Return the folders of an area that hold folders of kinds: itself, then others by path."""
    return find_roots(tree, area).roots


def find_roots(tree: Tree, area: Area) -> FoundRoots:
    """Look for the roots of an area; links, hidden folders and those of kinds are left out."""
    roots: list[RelativePath] = []
    seen: list[RelativePath] = []
    waiting = deque([area.path])
    own = len(area.path.names)
    while waiting and len(seen) < MOST_FOLDERS and len(roots) < MOST_ROOTS:
        folder = waiting.popleft()
        seen.append(folder)
        inner = [name for name, kind in _scan(tree, folder, MOST_NAMES) if kind is _FOLDER]
        if folder != area.path and any(name in KINDS for name in inner):
            roots.append(folder)
        if len(folder.names) - own < DEEPEST_ROOT:
            paths = (RelativePath((*folder.names, name)) for name in inner if name not in KINDS)
            waiting += [path for path in paths if _may_be_root(area, path.names[own:])]
    return FoundRoots([area.path, *sorted(roots, key=lambda root: root.names)], seen)


def _may_be_root(area: Area, names: tuple[str, ...]) -> bool:
    """Tell whether a folder of an area is looked into for roots."""
    if len(names) > DEEPEST_ROOT or (area.kind is AreaKind.PRIVATE and names[:1] in _MOUNT_PATHS):
        return False
    return all(
        is_asset_name(name) and name not in _NO_ROOTS and is_writable(name) for name in names
    )


_MOUNT_PATHS = frozenset((name,) for name in _MOUNTED)


@dataclass(frozen=True, slots=True)
class KindFolder:
    """The folder of a kind in a root."""

    area: Area
    kind: AssetKind
    root: RelativePath

    @property
    def path(self) -> RelativePath:
        """Where it lies."""
        return RelativePath((*self.root.names, self.kind))

    @property
    def has_versions(self) -> bool:
        """Whether names in it may be versions of one asset."""
        return self.area.kind is AreaKind.COMMON

    def needs_all_names(self, name: str) -> bool:
        """Tell whether other names in it say which asset a name is."""
        return self.has_versions or may_be_companion(name)

    def group(self, names: Iterable[str]) -> dict[str, NamedAsset]:
        """Return the assets that names in it make up."""
        return group_names(names, has_versions=self.has_versions)


def _list_folder(tree: Tree, folder: KindFolder) -> Iterator[Asset]:
    kinds = dict(_scan(tree, folder.path))
    for named in folder.group(kinds).values():
        asset = make_asset(tree, folder, named, kinds)
        if asset is not None:
            yield asset


def make_asset(
    tree: Tree, folder: KindFolder, named: NamedAsset, kinds: Mapping[str, EntryKind],
    version: str | None = None,
) -> Asset | None:  # fmt: skip
    """Return the asset of a name in a folder; None if it is neither a folder nor a file."""
    entry = f"{named.name}@{version}" if version else named.entry
    found = kinds.get(entry)
    if not is_writable(entry):
        return None
    path = RelativePath((*folder.path.names, entry))
    if version is None and (found is EntryKind.LINK or not named.is_plain):
        version = named.newest
    if found is EntryKind.LINK:
        found = find_target(tree, path)
    if found not in {EntryKind.FOLDER, EntryKind.FILE}:
        return None
    is_folder = found is EntryKind.FOLDER
    companions = tuple(_companions(named, kinds, version))
    return Asset(
        folder.area, folder.kind, named.name, path, is_folder, folder.root, version, companions
    )


def _companions(
    named: NamedAsset, kinds: Mapping[str, EntryKind], version: str | None
) -> Iterator[str]:
    """Yield the names of what belongs to an asset: those of its version, else those of none."""
    for name in named.companions:
        of_version = f"{name}@{version}"
        if version is not None and of_version in kinds:
            yield of_version
        elif name in kinds:
            yield name


def _scan(tree: Tree, folder: RelativePath, most: int | None = None) -> Names:
    try:
        return scan_folder(tree, folder, most=most)
    except LibraryError:
        return []


def is_writable(name: str) -> bool:
    """Tell whether a path can hold a name; a file system knows names that none can."""
    if name.isascii() and name.isprintable():
        return True
    try:
        check_name(name)
    except BadPathError:
        return False
    return True
