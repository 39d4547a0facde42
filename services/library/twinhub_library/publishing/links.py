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
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import COMMON
from twinhub_library.opened import TEMPORARY
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

    @contextlib.contextmanager
    def changing(self, kind: str) -> Iterator[Arrangement]:
        """Open the links of a kind; what the block prepared and did not finish is undone."""
        with self._opened(kind) as folder:
            arrangement = Arrangement(folder)
            try:
                yield arrangement
            finally:
                arrangement.drop()

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


class Arrangement:
    """New links of one asset: made under names that nobody sees, then all put in their places."""

    def __init__(self, folder: OpenFolder) -> None:
        """Work in the open folder of a kind."""
        self._folder = folder
        self._made: list[tuple[str, str]] = []
        self._stale: set[str] = set()

    def prepare(self, rows: Iterable[VersionRow]) -> None:
        """Make the links that the versions of an asset say; this takes all the room they need."""
        known = list(rows)
        wanted = wanted_links(known)
        self._stale = {link for row in known for link in _possible(row)} - wanted.keys()
        with translated(RelativePath((COMMON,))):
            for number, (name, target) in enumerate(wanted.items()):
                if _is_to_point(self._folder, name, target):
                    temporary = f"{_TEMPORARY}-{number}"
                    self._folder.make_link(temporary, target)
                    self._made.append((temporary, name))

    def finish(self) -> None:
        """Put the links in their places; others of the asset are removed."""
        with translated(RelativePath((COMMON,))):
            while self._made:
                temporary, name = self._made[0]
                self._folder.replace(temporary, name)
                del self._made[0]
            _remove(self._folder, self._stale)

    def drop(self) -> None:
        """Remove the links that are not in their places."""
        for temporary, _ in self._made:
            self._folder.remove_file(temporary)


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
        if _is_to_point(folder, name, target):
            folder.make_link(_TEMPORARY, target)
            folder.replace(_TEMPORARY, name)


def _is_to_point(folder: OpenFolder, name: str, target: str) -> bool:
    is_free = folder.find(name) is None or _is_ours(folder, name)
    return is_free and folder.read_link(name) != target


def _remove(folder: OpenFolder, names: Iterable[str]) -> None:
    for name in names:
        if _is_ours(folder, name):
            folder.remove_file(name)


def _is_ours(folder: OpenFolder, name: str) -> bool:
    target = folder.read_link(name)
    return target is not None and target.startswith(_INTO_STORE)
