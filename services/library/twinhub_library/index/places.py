"""Which areas there are on the disk."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from twinhub_dtconfig.references import Area as AreaKind
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import COMMON, TEAMS, THE_COMMON_AREA, Area
from twinhub_library.errors import LibraryError
from twinhub_library.scanning import scan_folder
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from twinhub_library.tree import Tree


def list_areas(tree: Tree) -> list[Area]:
    """Return all areas that have a folder, the common one first, then teams, then people's."""
    areas = [THE_COMMON_AREA]
    areas += [Area(AreaKind.TEAM, name) for name in _folders(tree, RelativePath((TEAMS,)))]
    people = (name for name in _folders(tree, RelativePath()) if name not in {TEAMS, COMMON})
    return [*areas, *(Area(AreaKind.PRIVATE, name) for name in people)]


def _folders(tree: Tree, path: RelativePath) -> list[str]:
    found: list[str] = []
    with contextlib.suppress(LibraryError):
        found = [one for one, kind in scan_folder(tree, path) if kind is EntryKind.FOLDER]
    return sorted(one for one in found if not one.startswith(".") and one.isprintable())
