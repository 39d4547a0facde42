"""Search as the library has it: an index in a folder, what keeps it equal to the files, its state.

A missing or damaged index, or one of another version, is built anew beside the requests; until
then answers say that they are not complete.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import shutil
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_library.index.absent import AbsentIndex
from twinhub_library.index.base import (
    FULL,
    IndexDamagedError,
    IndexFullError,
    Query,
    Results,
    SearchIndexError,
)
from twinhub_library.index.following import Follower, Progress
from twinhub_library.index.tantivy import SCHEMA_VERSION, TantivyIndex
from twinhub_library.index.watching import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.changes import Changes
    from twinhub_library.index.base import Index
    from twinhub_library.tree import Tree

_log = logging.getLogger(__name__)

_GATHER_SECONDS = 0.3
"""Changes that come together are committed together."""
_SLICE_SECONDS = 0.1
"""So long a look at everything goes on before changes are asked for again."""
_REST = 0.5
"""Of the time of each slice: requests go first."""
_LOOK_EVERY_SECONDS = 600.0
_LOOK_EVERY_SECONDS_WITHOUT_WATCHES = 60.0
_CLOSE_SECONDS = 30.0
_LEAST_FREE_BYTES = 1 << 20
"""Where fewer are free, writing has failed of that."""
_MOST_NAMED = 5
_AGAIN_SECONDS = 2.0
"""After so long an index that could not be opened or written is tried again."""


@dataclass(frozen=True, slots=True)
class SearchState:
    """How far the index is, for answers and health pages."""

    progress: Progress
    documents: int
    watches: int
    is_watching_all: bool
    """Whether every change is seen at once; else everything is looked at more often."""
    short_areas: tuple[str, ...] = ()
    """Areas with more folders than their share of watches."""
    problem: str = ""
    """Why the index does not follow, in words for an admin."""


class Search:
    """Finds assets; `run` keeps the index equal to the files, in one thread."""

    def __init__(
        self, tree: Tree, changes: Changes, folder: Path, *, most_watches: int | None = None
    ) -> None:
        """Open the index in a folder, or begin one there."""
        self._tree, self._changes, self._folder = tree, changes, folder
        self._most_watches = most_watches
        self._running = threading.Lock()
        self._is_closed = False
        self._is_damaged = False
        self._is_absent = False
        self._problem = ""
        self._has_said_short = self._has_no_watcher = False
        self._watcher: Watcher | None = None
        self._index, self._follower = self._open_if_possible()
        changes.call_on_change(self._mark)

    def search(self, query: Query) -> Results:
        """Return what a query finds.

        Raises:
            SearchIndexError: the index cannot be read; the text says why, and it is tried again.
        """
        try:
            return self._index.search(query)
        except IndexDamagedError:
            self._is_damaged = True
            raise

    @property
    def state(self) -> SearchState:
        """How far the index is."""
        watcher = self._watcher
        return SearchState(
            self._follower.progress, self._index.count(),
            watcher.count() if watcher else 0,
            watcher is not None and not watcher.is_short,
            tuple(watcher.short_areas) if watcher else (), self._problem,
        )  # fmt: skip

    def warn(self) -> str | None:
        """Return what keeps search from following the files, with its remedy; None if nothing."""
        if self._problem:
            return self._problem
        watcher = self._watcher
        if watcher is not None and watcher.is_short:
            return (
                f"Search watches {watcher.count():,} folders, and there are more in "
                f"{_name_some(watcher.short_areas)}, beyond an equal share: changes in the others "
                "are found a minute late, or later. Raise the limit on the host: "
                f"sudo sysctl fs.inotify.max_user_watches={_wanted_watches(watcher.count())}"
            )
        if self._has_no_watcher:
            return (
                "Search cannot watch any folder: changes by others than the library are found a "
                "minute late. Raise the limit on the host: "
                "sudo sysctl fs.inotify.max_user_instances=1024"
            )
        return None

    def run(self, stopping: threading.Event) -> None:
        """Follow the files until told to stop; what goes wrong is said, and tried again."""
        with self._running:
            while not (stopping.is_set() or self._is_closed):
                try:
                    self._run_once(stopping)
                except SearchIndexError as error:
                    if str(error) != self._problem:
                        _log.warning("search does not follow the files: %s", error)
                    self._problem = str(error)
                    self._follower.give_up()
                    with contextlib.suppress(SearchIndexError):
                        self._index.rest()
                    stopping.wait(_AGAIN_SECONDS)

    def _run_once(self, stopping: threading.Event) -> None:
        with contextlib.ExitStack() as opened:
            self._mend()
            watcher = self._watcher = self._open_watcher(opened)
            try:
                self._follow(watcher, stopping)
            except IndexDamagedError as error:
                if self._is_disk_full():  # tantivy's thread dies of it, and does not say of what
                    raise IndexFullError(FULL) from error
                self._is_damaged = True
                raise
            finally:
                self._watcher = None

    def close(self) -> None:
        """Close the index, once `run` has ended; what is not committed is looked at again."""
        self._is_closed = True
        ended = self._running.acquire(timeout=_CLOSE_SECONDS)
        try:
            self._index.close()
        finally:
            if ended:
                self._running.release()

    def _mark(self, path: RelativePath | None) -> None:
        self._follower.mark(path)

    def _open_if_possible(self) -> tuple[Index, Follower]:
        """Open the index, or what stands for it until it can be opened."""
        index: Index
        try:
            index, follower = self._open()
        except SearchIndexError as error:
            _log.warning("search cannot open its index: %s", error)
            self._is_absent, self._problem = True, str(error)
            index = AbsentIndex(error)
            follower = Follower(self._tree, index)
        return index, follower

    def _open(self) -> tuple[Index, Follower]:
        place = self._folder / str(SCHEMA_VERSION)
        try:
            index = TantivyIndex(place)
            index.list_folders()
        except IndexDamagedError:
            _log.warning("search index is damaged: it is rebuilt")
            self._remove(place)
            index = TantivyIndex(place)
        for other in self._folder.iterdir():
            if other not in {place, self._marker}:
                self._remove(other)
        follower = Follower(self._tree, index, is_complete=self._marker.exists())
        return index, follower

    def _is_disk_full(self) -> bool:
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return False
        return found.f_bavail * found.f_frsize < _LEAST_FREE_BYTES

    def _mend(self) -> None:
        """Begin anew where the index turned out to be damaged, or could not be opened.

        Raises:
            SearchIndexError: it still cannot be.
        """
        if self._is_damaged:
            with contextlib.suppress(SearchIndexError):
                self._index.close()
            self._remove(self._folder / str(SCHEMA_VERSION))
        if self._is_damaged or self._is_absent:
            self._index, self._follower = self._open()
            self._is_damaged = self._is_absent = False
            self._problem = ""

    def _open_watcher(self, opened: contextlib.ExitStack) -> Watcher | None:
        try:
            watcher = Watcher(self._tree, self._changes, most=self._most_watches)
        except OSError as error:
            if not self._has_no_watcher:
                _log.warning("search cannot watch files: %s", error.strerror)
            self._has_no_watcher = True
            return None
        self._has_no_watcher = False
        opened.callback(watcher.close)
        return watcher

    def _follow(self, watcher: Watcher | None, stopping: threading.Event) -> None:
        """Watch all folders first, so that no change falls between the look and the watch."""
        watching = watcher.watch_some() if watcher else iter(())
        looks = _Looks()
        self._follower.mark(None)

        def is_to_end() -> bool:
            return stopping.is_set() or self._is_closed or self._is_damaged

        while not is_to_end():
            began = time.monotonic()
            is_watching = _go_on(watching, began + _SLICE_SECONDS)
            self._follower.step(
                seconds=None if is_watching else _SLICE_SECONDS, is_stopping=is_to_end
            )
            if watcher and watcher.has_lost:
                watcher.start_anew()
                watching = watcher.watch_some()
                self._follower.mark(None)
            if watcher and not is_watching:
                self._say_whether_short(watcher)
            if is_watching or self._follower.is_looking:
                _wait(watcher, stopping, _REST * (time.monotonic() - began))
                continue
            self._problem = ""
            self._note_complete()
            if looks.have_ended:
                self._index.rest()
                _give_memory_back()
            if looks.are_due(is_watching_all=watcher is not None and not watcher.is_short):
                self._follower.mark(None)
            _wait(watcher, stopping, _GATHER_SECONDS)

    def _say_whether_short(self, watcher: Watcher) -> None:
        if watcher.is_short and not self._has_said_short:
            _log.warning(
                "search watches %d folders, and there are more in %s: changes in the others are "
                "found late; raise fs.inotify.max_user_watches",
                watcher.count(), _name_some(watcher.short_areas),
            )  # fmt: skip
        self._has_said_short = watcher.is_short

    @property
    def _marker(self) -> Path:
        return self._folder / f"{SCHEMA_VERSION}.complete"

    def _note_complete(self) -> None:
        if self._follower.progress.is_complete and not self._marker.exists():
            with contextlib.suppress(OSError):  # the disk is full: it is looked at once more
                self._marker.touch()

    def _remove(self, path: Path) -> None:
        try:
            self._marker.unlink(missing_ok=True)
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise SearchIndexError(
                f"The search index cannot be replaced: {error.strerror}. Look at {path}."
            ) from error


class _Looks:
    """When everything is looked at again: seldom, and never for more than a tenth of the time."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._seconds = 0.0
        self._is_under_way = True

    @property
    def have_ended(self) -> bool:
        """Whether a look has ended just now: true until `are_due` is asked."""
        return self._is_under_way

    def are_due(self, *, is_watching_all: bool) -> bool:
        now = time.monotonic()
        if self._is_under_way:
            self._is_under_way, self._seconds = False, now - self._began
        period = _LOOK_EVERY_SECONDS if is_watching_all else _LOOK_EVERY_SECONDS_WITHOUT_WATCHES
        if now - self._began < max(period, 10 * self._seconds):
            return False
        self._began, self._is_under_way = now, True
        return True


def _name_some(areas: Sequence[str]) -> str:
    more = len(areas) - _MOST_NAMED
    return ", ".join(areas[:_MOST_NAMED]) + (f" and {more} more areas" if more > 0 else "")


def _wanted_watches(count: int) -> int:
    """Return a limit that has room for many times the watches that there are, as a round number."""
    return max(1 << 20, 1 << (4 * count).bit_length())


def _go_on(work: Iterator[None], until: float) -> bool:
    """Do some of a work; return whether there is more of it."""
    return any(time.monotonic() >= until for _ in work)


def _wait(watcher: Watcher | None, stopping: threading.Event, seconds: float) -> None:
    """Wait for so long, or until told to stop, and take what has happened meanwhile."""
    stopping.wait(seconds)
    if watcher is not None:
        watcher.read()


def _give_memory_back() -> None:
    """Have the C library return what a look has freed (malloc_trim(3); glibc alone has it)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
