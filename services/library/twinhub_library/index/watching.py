"""Watches the folders in which assets lie, and announces what others than the library change.

In each area folders nearest to the root are watched first. Where the kernel allows fewer watches
than there are folders, areas have equal shares, and the watcher says so; whoever asks then has to
look by itself from time to time.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from twinhub_dtconfig.layout import is_asset_name
from twinhub_kit.files.errors import BadPathError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import COMMON, OWN_FOLDER, TEAMS, split_at_area
from twinhub_library.errors import LibraryError
from twinhub_library.index.inotify import (
    APPEARED,
    IGNORED,
    IS_FOLDER,
    OVERFLOW,
    Event,
    Inotify,
    most_watches,
)
from twinhub_library.index.shares import Shares

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_library.changes import Changes
    from twinhub_library.index.shares import AreaWatches
    from twinhub_library.tree import Tree

DEEPEST = 10
"""Names from the root to a folder that is watched."""
_SHARE = 0.75
"""Of the user's watches, so that other programs of that user have some."""
_NOT_LOOKED_INTO = frozenset({"node_modules", "site-packages", "venv"})
_NO_PARENT = -1


class Watcher:
    """Watches one tree; used by one thread."""

    def __init__(self, tree: Tree, changes: Changes, *, most: int | None = None) -> None:
        """Prepare to watch, with at most so many watches.

        Raises:
            OSError: the kernel gives no queue.
        """
        self._tree, self._changes = tree, changes
        self._inotify = Inotify()
        self._shares = Shares(int(most_watches() * _SHARE) if most is None else most)
        self._folders: dict[int, tuple[int, str, AreaWatches]] = {}
        """Parent's watch, own name and area of each: a folder that is moved takes what is in it
        along."""
        self._wait(_NO_PARENT, RelativePath())
        self.has_lost = False
        """Some events were lost: `start_anew`, and look at everything."""

    def close(self) -> None:
        """Watch no more."""
        self._inotify.close()

    @property
    def is_short(self) -> bool:
        """Whether some folders are not watched."""
        return bool(self._shares.short)

    @property
    def short_areas(self) -> list[str]:
        """Areas in which some folders are not watched; ``.`` is the root that they are in."""
        return sorted(self._shares.short.copy())

    def count(self) -> int:
        """Return how many folders are watched."""
        return len(self._folders)

    def start_anew(self) -> None:
        """Look again for folders that are not watched yet."""
        self.has_lost = False
        self._shares.short.clear()
        self._wait(_NO_PARENT, RelativePath())

    def _wait(self, parent: int, path: RelativePath) -> None:
        self._shares.wait(split_at_area(path)[0], parent, path)

    def watch_some(self) -> Iterator[None]:
        """Watch folders that are waiting and what is in them, one for each step."""
        while (turn := self._shares.take_turn()) is not None:
            self._watch(*turn)
            yield

    def read(self) -> int:
        """Announce what has happened; return how many events."""
        events = self._inotify.read()
        for path in dict.fromkeys(filter(None, map(self._take, events))):
            self._changes.announce(path)
        return len(events)

    def _watch(self, area: AreaWatches, parent: int, path: RelativePath) -> None:
        """Watch a folder and have those in it wait."""
        if not self._make_room(area):
            self._shares.short.add(area.name)
            return
        try:
            folder = self._tree.open_folder_descriptor(path)
        except LibraryError:
            return
        try:
            watch = self._inotify.watch(folder)
            self._note(watch, parent, path.name, area)
            names = _list_folders(folder, path)
        except OSError as error:
            if error.errno == errno.ENOSPC:  # other programs of this user have the others
                self._shares.most = min(self._shares.most, len(self._folders))
                self._shares.short.add(area.name)
            return
        finally:
            os.close(folder)
        room = self._shares.count_room(area)
        if len(names) > room:
            self._shares.short.add(area.name)
        for name in names[:room]:
            self._wait(watch, RelativePath((*path.names, name)))

    def _make_room(self, area: AreaWatches) -> bool:
        """Return whether there is a watch for an area, which another may have to give."""
        if self._shares.has_room:
            return True
        taken = self._shares.take_back(area)
        if taken is None:
            return False
        self._folders.pop(taken, None)
        self._inotify.unwatch(taken)
        return True

    def _note(self, watch: int, parent: int, name: str, area: AreaWatches) -> None:
        """Note where a folder is; one that was moved from another area counts here now."""
        self._forget(watch)
        self._folders[watch] = (parent, name, area)
        self._shares.add(area, watch)

    def _forget(self, watch: int) -> None:
        known = self._folders.pop(watch, None)
        if known is not None:
            self._shares.remove(known[2], watch)

    def _take(self, event: Event) -> RelativePath | None:
        """Return the path that an event is about; what appears is watched from now on."""
        if event.mask & OVERFLOW:
            self.has_lost = True
            return None
        if event.mask & IGNORED:
            self._forget(event.watch)
            return None
        folder = self._path_of(event.watch)
        if folder is None or event.name.startswith("."):
            return None
        try:
            path = folder / event.name
        except BadPathError:
            return folder
        if event.mask & IS_FOLDER and event.mask & APPEARED and _is_looked_into(folder, event.name):
            self._wait(event.watch, path)
            for _ in self.watch_some():
                pass
        return path

    def _path_of(self, watch: int) -> RelativePath | None:
        names: list[str] = []
        while watch != _NO_PARENT:
            found = self._folders.get(watch)
            if found is None or len(names) > DEEPEST:
                return None
            watch, name, _ = found
            if name:
                names.append(name)
        return RelativePath(tuple(reversed(names)))


def _list_folders(folder: int, path: RelativePath) -> list[str]:
    with os.scandir(folder) as entries:
        return [
            one.name
            for one in entries
            if _is_looked_into(path, one.name) and one.is_dir(follow_symlinks=False)
        ]


def _is_looked_into(folder: RelativePath, name: str) -> bool:
    is_mount = len(folder.names) == 1 and folder.name not in {TEAMS, COMMON}
    return (
        len(folder.names) < DEEPEST
        and is_asset_name(name)
        and name not in _NOT_LOOKED_INTO
        and name != OWN_FOLDER
        and not (is_mount and name in {TEAMS, COMMON})
        and _is_text(name)
    )


def _is_text(name: str) -> bool:
    return name.isprintable()
