"""Withdrawn versions: in no folder of assets any more, and kept for those who use them.

The library leaves their links in ``common/<kind>/.withdrawn``, see `publishing.links`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.assets import WITHDRAWN
from twinhub_dtconfig.references import AssetKind
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import COMMON, THE_COMMON_AREA
from twinhub_library.catalogue import KINDS, KindFolder, make_asset
from twinhub_library.errors import LibraryError
from twinhub_library.scanning import scan_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_library.assets import Asset
    from twinhub_library.tree import Tree

_NAMES_OF_A_KIND = 2
"""Of ``common/<kind>``."""


@dataclass(frozen=True, slots=True)
class _WithdrawnFolder(KindFolder):
    """The folder of the withdrawn versions of a kind."""

    @property
    def path(self) -> RelativePath:
        """Where it lies."""
        return RelativePath((*self.root.names, self.kind, WITHDRAWN))


def list_withdrawn(tree: Tree, kind: AssetKind | None = None) -> Iterator[Asset]:
    """Yield the withdrawn versions by kind and name, each as an asset of its own."""
    for one in KINDS if kind is None else (kind,):
        yield from _list_of(tree, one)


def find_withdrawn(tree: Tree, kind: AssetKind, name: str, version: str) -> Asset | None:
    """Return a withdrawn version; None if none of that name and number lies there."""
    found = (one for one in _list_of(tree, kind) if one.name == name and one.version == version)
    return next(found, None)


def kind_of_folder(folder: RelativePath) -> AssetKind | None:
    """Return the kind whose published assets a folder has; None of any other folder."""
    is_of_a_kind = len(folder.names) == _NAMES_OF_A_KIND and folder.names[0] == COMMON
    return AssetKind(folder.name) if is_of_a_kind and folder.name in KINDS else None


def _list_of(tree: Tree, kind: AssetKind) -> Iterator[Asset]:
    folder = _WithdrawnFolder(THE_COMMON_AREA, kind, THE_COMMON_AREA.path)
    try:
        kinds = dict(scan_folder(tree, folder.path))
    except LibraryError:
        return
    for named in folder.group(kinds).values():
        for version in named.list_versions():
            asset = make_asset(tree, folder, named, kinds, version)
            if asset is not None:
                yield asset
