"""Watches the folders in which assets lie, and announces what others than the library change.

Folders nearest to the root are watched first. Where the kernel allows fewer watches than there are
folders, the watcher says so; whoever asks then has to look by itself from time to time.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from typing import TYPE_CHECKING

from twinhub_dtconfig.layout import is_asset_name

from twinhub_library.areas import COMMON, OWN_FOLDER, TEAMS
from twinhub_library.errors import BadPathError, LibraryError
from twinhub_library.index.inotify import (
    APPEARED,
    IGNORED,
    IS_FOLDER,
    OVERFLOW,
    Event,
    Inotify,
    most_watches,
)
from twinhub_library.paths import RelativePath

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_library.changes import Changes
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
        self._most = int(most_watches() * _SHARE) if most is None else most
        self._folders: dict[int, tuple[int, str]] = {}
        """Parent's watch and own name of each: a folder that is moved takes what is in it along."""
        self._waiting: deque[tuple[int, RelativePath]] = deque([(_NO_PARENT, RelativePath())])
        self.is_short = False
        """Some folders are not watched."""
        self.has_lost = False
        """Some events were lost: `start_anew`, and look at everything."""

    def close(self) -> None:
        """Watch no more."""
        self._inotify.close()

    def count(self) -> int:
        """Return how many folders are watched."""
        return len(self._folders)

    def start_anew(self) -> None:
        """Look again for folders that are not watched yet."""
        self.is_short = self.has_lost = False
        self._waiting.append((_NO_PARENT, RelativePath()))

    def watch_some(self) -> Iterator[None]:
        """Watch folders that are waiting and what is in them, one for each step."""
        while self._waiting:
            parent, path = self._waiting.popleft()
            self._watch(parent, path)
            yield

    def read(self) -> int:
        """Announce what has happened; return how many events."""
        events = self._inotify.read()
        for path in dict.fromkeys(filter(None, map(self._take, events))):
            self._changes.announce(path)
        return len(events)

    def _watch(self, parent: int, path: RelativePath) -> None:
        """Watch a folder and have those in it wait."""
        if len(self._folders) >= self._most:
            self.is_short = True
            return
        try:
            folder = self._tree.open_folder_descriptor(path)
        except LibraryError:
            return
        try:
            watch = self._inotify.watch(folder)
            self._folders[watch] = (parent, path.name)
            names = _list_folders(folder, path)
        except OSError as error:
            self.is_short = self.is_short or error.errno == errno.ENOSPC
            return
        finally:
            os.close(folder)
        room = self._most - len(self._folders) - len(self._waiting)
        self.is_short = self.is_short or len(names) > room
        paths = (RelativePath((*path.names, name)) for name in names[: max(0, room)])
        self._waiting.extend((watch, inner) for inner in paths)

    def _take(self, event: Event) -> RelativePath | None:
        """Return the path that an event is about; what appears is watched from now on."""
        if event.mask & OVERFLOW:
            self.has_lost = True
            return None
        if event.mask & IGNORED:
            self._folders.pop(event.watch, None)
            return None
        folder = self._path_of(event.watch)
        if folder is None or event.name.startswith("."):
            return None
        try:
            path = folder / event.name
        except BadPathError:
            return folder
        if event.mask & IS_FOLDER and event.mask & APPEARED and _is_looked_into(folder, event.name):
            self._waiting.append((event.watch, path))
            for _ in self.watch_some():
                pass
        return path

    def _path_of(self, watch: int) -> RelativePath | None:
        names: list[str] = []
        while watch != _NO_PARENT:
            found = self._folders.get(watch)
            if found is None or len(names) > DEEPEST:
                return None
            watch, name = found
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
