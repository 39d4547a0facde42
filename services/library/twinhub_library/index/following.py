"""Keeps an index equal to the files: by what is announced, and by looking at everything at times.

All work is done in one thread, in small steps, so that a change is never behind a look at a large
area. An asset is looked at again after each change at or below its path; the last look counts.
"""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.assets import WITHDRAWN
from twinhub_dtconfig.layout import companion_names
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_dtconfig.references import AssetKind
from twinhub_kit.files.errors import BadPathError, NotThereError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import COMMON, TEAMS, split_path
from twinhub_library.catalogue import list_assets
from twinhub_library.errors import LibraryError
from twinhub_library.index.documents import key_of, read_document, survey
from twinhub_library.index.folders import SeenFolders
from twinhub_library.index.places import list_areas
from twinhub_library.tree import EntryKind
from twinhub_library.withdrawn import kind_of_folder, list_withdrawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from twinhub_library.areas import Area
    from twinhub_library.assets import Asset
    from twinhub_library.index.base import Index
    from twinhub_library.tree import Tree

_MOST_WAITING = 20_000
"""More changed paths than these and everything is looked at."""
_MOST_AT_ONCE = 500
_MOST_UNCOMMITTED = 2_000
_KINDS = frozenset(AssetKind)


@dataclass
class Progress:
    """How far the first look at everything is."""

    is_complete: bool = False
    """Everything has been looked at since the index was made."""
    assets: int = 0
    """Looked at by the present look, or by the last one."""
    areas: int = 0
    areas_in_all: int = 0

    @property
    def part(self) -> float:
        """How much has been looked at, up to 1, in areas."""
        return 1.0 if self.is_complete else round(self.areas / (self.areas_in_all or 1) * 0.99, 3)


class Follower:
    """Keeps one index equal to one tree; `mark` may be called from any thread."""

    def __init__(self, tree: Tree, index: Index, *, is_complete: bool = False) -> None:
        """Begin with a look at everything ahead."""
        self._tree, self._index = tree, index
        self.progress = Progress(is_complete=is_complete)
        self._seen = SeenFolders(tree)
        self._lock = threading.Lock()
        self._changed: dict[RelativePath, None] = {}
        self._is_everything_changed = True
        self._look: Iterator[None] | None = None
        self._uncommitted: dict[str, str | None] = {}
        """Stamps of what is written since the last commit; None of what was taken out."""

    def mark(self, path: RelativePath | None) -> None:
        """Note that something at a path, or below it, has changed; without a path, anything."""
        with self._lock:
            if path is None or len(self._changed) >= _MOST_WAITING:
                self._is_everything_changed = True
                self._changed.clear()
            else:
                self._changed[path] = None

    @property
    def has_changes(self) -> bool:
        """Whether changes wait to be looked at."""
        return bool(self._changed) or self._is_everything_changed

    @property
    def is_looking(self) -> bool:
        """Whether a look at everything is under way."""
        return self._look is not None

    def catch_up(self) -> None:
        """Look at everything that has changed so far, and commit."""
        while self.has_changes or self.is_looking:
            self.step(seconds=60)
        self.commit()

    def give_up(self) -> None:
        """Take what is not committed for lost, and look at everything again."""
        self._uncommitted.clear()
        self._look = None
        self.mark(None)

    def step(
        self, *, seconds: float | None, is_stopping: Callable[[], bool] = lambda: False
    ) -> None:
        """Look at what has changed, then for a time at everything if that is due; commit.

        What has changed and was not looked at when it was to stop is marked again.

        Raises:
            SearchIndexError: the index cannot be written.
        """
        self._seen.forget()
        with self._lock:
            changed, self._changed = self._changed, {}
            if self._is_everything_changed and not self.is_looking and seconds is not None:
                self._is_everything_changed = False
                self._look = self._look_at_everything()
        for _ in self._refresh_all(dict.fromkeys(map(_nearest_place, changed))):
            if is_stopping():
                self.mark(None)
                return
            if len(self._uncommitted) >= _MOST_AT_ONCE:
                self.commit()
        if changed:
            self.commit()
        if self._look is not None and seconds is not None:
            try:
                self._go_on(self._look, seconds)
            except BaseException:
                self._look, self._is_everything_changed = None, True
                raise

    def commit(self) -> None:
        """Have what is written found."""
        if self._uncommitted:
            self._index.commit()
            self._uncommitted.clear()

    def _go_on(self, look: Iterator[None], seconds: float) -> None:
        end = time.monotonic() + seconds
        for _ in look:
            if len(self._uncommitted) >= _MOST_UNCOMMITTED:
                self.commit()
            if time.monotonic() >= end:
                return
        self._look = None
        self.commit()
        self.progress.is_complete = True

    def _refresh_all(self, places: Iterable[RelativePath]) -> Iterator[None]:
        """Look at what changes at places, or below them, can have changed; one at each step."""
        waiting: dict[tuple[RelativePath, str], None] = {}
        for place in places:
            if self._is_in_kind(place):
                beside = _names_beside(self._index, place.parent, place.name)
                waiting.update(dict.fromkeys((place.parent, one) for one in (place.name, *beside)))
            else:
                yield from self._refresh_others(place)
            yield
        for folder, name in waiting:
            self._check(folder, name)
            yield
        for kind in filter(None, (kind_of_folder(one) for one in {at: None for at, _ in waiting})):
            yield from self._look_at_withdrawn(kind)

    def _look_at_withdrawn(self, kind: AssetKind) -> Iterator[None]:
        """Look at the withdrawn versions of a kind, which were among the others before."""
        folder = str(RelativePath((COMMON, kind, WITHDRAWN)))
        yield from self._look_at_folder(folder, list_withdrawn(self._tree, kind))

    def _is_in_kind(self, path: RelativePath) -> bool:
        """Tell whether a path leads through the folder of a kind of some area."""
        try:
            _, rest = split_path(path)
        except NotThereError:
            return False
        return any(name in _KINDS for name in rest.names[:-1])

    def _refresh_others(self, path: RelativePath) -> Iterator[None]:
        """Look at what is below a path that is in no asset."""
        try:
            area, _ = split_path(path)
        except NotThereError:
            if path.names == (TEAMS,):
                yield from self._refresh_teams()
            return
        yield from self._refresh_below(path, area)

    def _check(self, folder: RelativePath, name: str) -> None:
        """Have the document of a name in the folder of a kind be what is there."""
        asset = self._seen.find_asset(RelativePath((*folder.names, name)))
        if asset is not None and asset.name != name:
            asset = self._seen.find_asset(RelativePath((*folder.names, asset.name))) or asset
        if asset is not None:
            self._take(asset, self._stamp_of(key_of(asset)))
        key = f"{folder}/{name}"
        if (asset is None or key_of(asset) != key) and self._stamp_of(key) is not None:
            self._remove(key)

    def _refresh_below(self, path: RelativePath, area: Area) -> Iterator[None]:
        """Look at the folders of kinds at or below a path that is in no asset."""
        known = [one for one in self._index.list_folders(str(path)) if _is_below(one, str(path))]
        if known or self._find_kind(path) in {EntryKind.FOLDER, EntryKind.LINK}:
            yield from self._look_at_area(area, str(path))

    def _refresh_teams(self) -> Iterator[None]:
        teams = [area for area in list_areas(self._tree) if area.kind is AreaKind.TEAM]
        for area in teams:
            yield from self._look_at_area(area, str(area))
        yield from self._empty_all_but(teams, f"{TEAMS}/")

    def _find_kind(self, path: RelativePath) -> EntryKind | None:
        try:
            return self._tree.get_entry(path).kind
        except LibraryError:
            return None

    def _look_at_everything(self) -> Iterator[None]:
        areas = list_areas(self._tree)
        self.progress.assets = self.progress.areas = 0
        self.progress.areas_in_all = len(areas)
        for area in areas:
            yield from self._look_at_area(area, str(area))
            self.progress.areas += 1
        yield from self._empty_all_but(areas, "")

    def _empty_all_but(self, areas: list[Area], start: str) -> Iterator[None]:
        """Take out what is in areas that begin so and are not there any more."""
        there = tuple(str(area) for area in areas)
        for folder in self._index.list_folders(start):
            if not any(_is_below(folder, area) for area in there):
                yield from self._empty(folder)

    def _look_at_area(self, area: Area, start: str) -> Iterator[None]:
        """Look at the assets of an area whose folders are at or below a path."""
        seen: set[str] = set()
        assets = list_assets(self._tree, area)
        if area.kind is AreaKind.COMMON:
            assets = itertools.chain(assets, list_withdrawn(self._tree))
        for folder, group in itertools.groupby(assets, key=lambda asset: str(asset.folder)):
            if _is_below(folder, start):
                seen.add(folder)
                yield from self._look_at_folder(folder, group)
        for folder in self._index.list_folders(start):
            if folder not in seen and _is_below(folder, start):
                yield from self._empty(folder)

    def _look_at_folder(self, folder: str, assets: Iterable[Asset]) -> Iterator[None]:
        known = self._stamps_in(folder)
        for asset in assets:
            key = key_of(asset)
            stamp = known.pop(key, None)
            self._take(asset, self._uncommitted.get(key, stamp))
            self.progress.assets += 1
            yield
        for key in known:
            self._check_key(key)
            yield

    def _empty(self, folder: str) -> Iterator[None]:
        for key in self._stamps_in(folder):
            self._check_key(key)
            yield

    def _stamps_in(self, folder: str) -> dict[str, str]:
        """Return the stamps of keys in a folder, without those in folders that it holds."""
        known = self._index.list_stamps(f"{folder}/")
        depth = folder.count("/") + 1
        return {key: stamp for key, stamp in known.items() if key.count("/") == depth}

    def _check_key(self, key: str) -> None:
        try:
            path = RelativePath.parse(key)
        except BadPathError:
            self._remove(key)
            return
        self._check(path.parent, path.name)

    def _take(self, asset: Asset, known: str | None) -> None:
        try:
            found = survey(self._tree, asset)
        except LibraryError:
            return  # it went while it was looked at: that is a change of its own
        if found.stamp != known:
            document = read_document(self._tree, asset, found)
            self._index.upsert(document)
            self._uncommitted[document.key] = document.stamp

    def _remove(self, key: str) -> None:
        self._index.remove(key)
        self._uncommitted[key] = None

    def _stamp_of(self, key: str) -> str | None:
        if key in self._uncommitted:
            return self._uncommitted[key]
        return self._index.find_stamp(key)


def _nearest_place(path: RelativePath) -> RelativePath:
    """Return the name in the folder of a kind that a path is at or below; else the path itself."""
    first = 2 if path.names[:1] == (TEAMS,) else 1
    for at in range(first, len(path.names) - 1):
        if path.names[at] in _KINDS:
            return RelativePath(path.names[: at + 2])
    return path


def _names_beside(index: Index, folder: RelativePath, name: str) -> set[str]:
    """Return names of known assets that a name may belong to, or that may belong to it."""
    stem = name.partition(".")[0]
    known = (key.rpartition("/")[2] for key in index.list_stamps(f"{folder}/{stem}."))
    plain, at, _ = name.rpartition("@")
    return {*companion_names(name), *known, stem, *((plain,) if at else ())} - {name, ""}


def _is_below(path: str, start: str) -> bool:
    return path == start or path.startswith(f"{start}/") or start == "."
