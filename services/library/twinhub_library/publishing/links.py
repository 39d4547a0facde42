"""The names of published versions in ``common``: links that the library alone makes.

``common/<kind>/<name>@<version>`` leads to the version's content in ``common/.store`` and
``common/<kind>/<name>`` to the newest; what belongs to a single file has links of its own. Those of
withdrawn versions lie in ``common/<kind>/.withdrawn``: exact pins still find them there.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from twinhub_dtconfig.assets import WITHDRAWN
from twinhub_dtconfig.versions import newest

from twinhub_library.areas import COMMON
from twinhub_library.opened import TEMPORARY
from twinhub_library.paths import RelativePath
from twinhub_library.tree import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twinhub_library.opened import OpenFolder
    from twinhub_library.store.publishing import VersionRow
    from twinhub_library.tree import Tree

_INTO_STORE = ("../.store/", "../../.store/")
_TEMPORARY = f"{TEMPORARY}link"


class Links:
    """The links of the common area."""

    def __init__(self, tree: Tree) -> None:
        """Make links in a tree."""
        self._tree = tree

    def find_obstacle(self, kind: str, names: Iterable[str]) -> str | None:
        """Return the first of some names that something has which is no link of a version."""
        folder = RelativePath((COMMON, kind))
        self._tree.ensure_folder(folder)
        with self._tree.open_folder(folder) as common:
            for name in names:
                if common.find(name) is not None and not _is_ours(common, name):
                    return name
        return None

    def arrange(self, kind: str, rows: Iterable[VersionRow]) -> None:
        """Make the links of one asset what its versions say; others of the asset are removed."""
        known = list(rows)
        wanted = wanted_links(known)
        stale = {link for row in known for link in _possible(row)} - wanted.keys()
        with self._opened(kind) as folder:
            _point(folder, wanted)
            _remove(folder, stale)

    def arrange_all(self, kind: str, rows: Iterable[VersionRow]) -> None:
        """Make all links of a kind what the versions say, and remove every other into the store."""
        by_name: dict[str, list[VersionRow]] = {}
        for row in rows:
            by_name.setdefault(row.name, []).append(row)
        wanted = {link: to for some in by_name.values() for link, to in wanted_links(some).items()}
        with self._opened(kind) as folder:
            _point(folder, wanted)
            found = [
                *folder.list_links(),
                *(f"{WITHDRAWN}/{n}" for n in folder.list_links(WITHDRAWN)),
            ]
            _remove(folder, [one for one in found if one not in wanted])

    @contextlib.contextmanager
    def _opened(self, kind: str) -> Iterator[OpenFolder]:
        path = RelativePath((COMMON, kind))
        self._tree.ensure_folder(path / WITHDRAWN)
        with translated(path), self._tree.open_folder(path) as folder:
            yield folder


def wanted_links(rows: Iterable[VersionRow]) -> dict[str, str]:
    """Return the links of one asset: those of versions first, that of the newest last."""
    links: dict[str, str] = {}
    offered: dict[str, VersionRow] = {}
    for row in rows:
        up = "../.." if row.is_withdrawn else ".."
        folder = f"{WITHDRAWN}/" if row.is_withdrawn else ""
        for name, inside in _parts(row):
            links[f"{folder}{name}@{row.version}"] = f"{up}/.store/{row.digest}{inside}"
        if not row.is_withdrawn:
            offered[row.version] = row
    latest = newest(offered)
    if latest is not None:
        row = offered[latest]
        for name, inside in reversed(_parts(row)):
            links[name] = f"../.store/{row.digest}{inside}"
    return links


def _parts(row: VersionRow) -> list[tuple[str, str]]:
    """Return the asset and what belongs to it, each with where it is in the content."""
    inside = f"/{row.inside}" if row.inside else ""
    return [(row.name, inside), *((one, f"/{one}") for one in row.companions)]


def _possible(row: VersionRow) -> Iterator[str]:
    for name, _ in _parts(row):
        yield from (name, f"{name}@{row.version}", f"{WITHDRAWN}/{name}@{row.version}")


def _point(folder: OpenFolder, wanted: Mapping[str, str]) -> None:
    for name, target in wanted.items():
        if folder.read_link(name) != target and (
            folder.find(name) is None or _is_ours(folder, name)
        ):
            folder.point(name, target, _TEMPORARY)


def _remove(folder: OpenFolder, names: Iterable[str]) -> None:
    for name in names:
        if _is_ours(folder, name):
            folder.remove_file(name)


def _is_ours(folder: OpenFolder, name: str) -> bool:
    target = folder.read_link(name)
    return target is not None and target.startswith(_INTO_STORE)
