"""The snapshots of a library: taken, thinned out, and mended after a crash."""

from __future__ import annotations

import json
import logging
import os
import secrets
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from twinhub_kit.files.kernel import translated
from twinhub_kit.files.renaming import sync_file_system

from twinhub_library.errors import LibraryError
from twinhub_library.snapshots.caches import is_cache
from twinhub_library.snapshots.idle import do_idly
from twinhub_library.snapshots.looking import Rules, open_inner, survey
from twinhub_library.snapshots.marks import is_unchanged, reason_of, write_marks
from twinhub_library.snapshots.removing import remove_whole
from twinhub_library.snapshots.shelf import FILES, Shelf
from twinhub_library.snapshots.taking import Taking
from twinhub_library.snapshots.thinning import Kept, choose_kept
from twinhub_library.snapshots.times import free_name, name_of, time_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from twinhub_kit.background import Background

    from twinhub_library.areas import Area
    from twinhub_library.settings import SnapshotSettings
    from twinhub_library.tree import Tree

_log = logging.getLogger(__name__)
_UNFINISHED = ".unfinished-"
_SUMMARY = "summary.json"
_FIRST_AFTER_SECONDS = 300.0
"""A service that has just begun has better things to do."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of taking a snapshot of an area."""

    time: str
    """Name of the snapshot that holds the present state; empty where there is none."""
    is_new: bool = False
    files: int = 0
    total_bytes: int = 0
    copied_bytes: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    """How many files are not in it, by reason."""
    notice: str = ""
    """Why none was taken, for people."""


class Snapshots:
    """Takes snapshots of the private and team areas below a tree's root."""

    def __init__(
        self,
        tree: Tree,
        settings: SnapshotSettings,
        clock: Callable[[], datetime],
        is_ignored: Callable[[str, bool], bool],
    ) -> None:
        """Find the folder of snapshots; nothing is taken yet."""
        self.shelf = Shelf(tree)
        self._tree, self._settings, self._clock = tree, settings, clock
        self._rules = Rules(is_ignored, settings.largest_file_bytes)
        self._locks: dict[Area, threading.RLock] = {}
        self._last: dict[Area, Taken] = {}

    def lock(self, area: Area) -> threading.RLock:
        """Return what is held while an area's snapshots, or the area by one, are changed."""
        return self._locks.setdefault(area, threading.RLock())

    def notice_of(self, area: Area) -> str:
        """Return why the last snapshot of an area could not be taken; empty if it was."""
        return self._last[area].notice if area in self._last else ""

    def recover(self) -> None:
        """Remove what a crash left unfinished."""
        with self.shelf.opened() as shelf:
            for name in os.listdir(shelf):  # noqa: PTH208 - a descriptor
                if name.startswith(_UNFINISHED):
                    remove_whole(shelf, name)

    def take_all(self, stopping: threading.Event) -> None:
        """Take and thin out the snapshots of all areas, giving way to everybody else."""
        do_idly("snapshots", partial(self._take_all, stopping))

    def _take_all(self, stopping: threading.Event) -> None:
        for area in self.shelf.list_areas():
            if stopping.is_set():
                return
            try:
                self.take(area, stopping)
                self.thin(area)
            except (OSError, LibraryError):
                _log.exception("snapshot failed area=%s", area)

    def take(self, area: Area, stopping: threading.Event | None = None) -> Taken:
        """Take a snapshot of an area unless the newest one is the same.

        Raises:
            NotThereError: there is no such area.
            LibraryError: a disk fails, or is full; no snapshot was taken.
        """
        with self.lock(area), translated(area.path):
            taken = self._take(area, stopping or threading.Event())
            self._last[area] = taken
        if taken.is_new or taken.notice:
            _log.info("snapshot area=%s %s", area, json.dumps(asdict(taken)))
        return taken

    def _take(self, area: Area, stopping: threading.Event) -> Taken:
        live = self._tree.open_folder_itself(area.path)
        try:
            last = self.shelf.find_last_taken(area)
            before = self.shelf.read_marks(area, last) if last else {}
            if last and is_unchanged(before, survey(live, self._rules)):
                return Taken(last)
            if not _has_room(live, self._settings.free_bytes):
                free = self._settings.free_bytes / (1 << 30)
                return Taken("", notice=(
                    f"No versions are kept while the disk has less than {free:.1f} GiB free: "
                    "remove what nobody needs, or ask an administrator."
                ))  # fmt: skip
            return self._build(area, live, last, before, stopping)
        finally:
            os.close(live)

    def _build(
        self, area: Area, live: int, last: str | None, before: dict[str, str],
        stopping: threading.Event,
    ) -> Taken:  # fmt: skip
        ends = time.monotonic() + self._settings.seconds
        taking = Taking(
            self._rules, before,
            has_time=lambda: time.monotonic() < ends and not stopping.is_set(),
            has_room=lambda size: _has_room(live, self._settings.free_bytes + size),
            owner=os.fstat(live).st_uid,
        )  # fmt: skip
        unfinished = f"{_UNFINISHED}{secrets.token_hex(8)}"
        with self.shelf.opened() as shelf, self.shelf.opened_area(area) as target:
            try:
                os.mkdir(unfinished, 0o700, dir_fd=shelf)
                new = open_inner(shelf, unfinished)
                try:
                    self._fill(taking, area, live, new, last)
                    name = free_name(self._clock(), self.shelf.list_times(area))
                    taken = _summarise(taking, name)
                    _write_summary(new, taken)
                    sync_file_system(new)
                finally:
                    os.close(new)
                self.shelf.note_last_taken(target, name)
                os.rename(unfinished, name, src_dir_fd=shelf, dst_dir_fd=target)
                self.shelf.keep_note(target)
                os.fsync(target)
            except (OSError, LibraryError):
                remove_whole(shelf, unfinished)
                raise
        return taken

    def _fill(self, taking: Taking, area: Area, live: int, new: int, last: str | None) -> None:
        os.mkdir(FILES, 0o700, dir_fd=new)
        files = open_inner(new, FILES)
        try:
            if last:
                with self.shelf.opened_snapshot(area, last) as before:
                    old = open_inner(before, FILES)
                    try:
                        taking.take(live, files, old)
                    finally:
                        os.close(old)
            else:
                taking.take(live, files, None)
        finally:
            os.close(files)
        write_marks(new, taking.marks)

    def thin(self, area: Area) -> list[str]:
        """Remove the snapshots that have become too old; return the names of those that stay."""
        kept = Kept(
            self._settings.hours, self._settings.days, self._settings.weeks, self._settings.months
        )
        with self.lock(area):
            times = [time for name in self.shelf.list_times(area) if (time := time_of(name))]
            staying = choose_kept(times, kept)
            if last := self.shelf.find_last_taken(area):
                staying |= {time for time in times if name_of(time) == last}
            for one in times:
                if one not in staying:
                    self._remove(area, name_of(one))
        return sorted(map(name_of, staying), reverse=True)

    def _remove(self, area: Area, name: str) -> None:
        unfinished = f"{_UNFINISHED}{secrets.token_hex(8)}"
        with self.shelf.opened() as shelf, self.shelf.opened_area(area) as folder:
            os.rename(name, unfinished, src_dir_fd=folder, dst_dir_fd=shelf)
            remove_whole(shelf, unfinished)


def open_snapshots(
    tree: Tree, settings: SnapshotSettings, clock: Callable[[], datetime], background: Background
) -> Snapshots:
    """Return the snapshots of a library, mended, and have them taken as often as is set."""
    snapshots = Snapshots(tree, settings, clock, is_cache)
    snapshots.recover()
    if settings.every_minutes:
        seconds = 60.0 * settings.every_minutes
        background.every(
            seconds, "snapshots", partial(snapshots.take_all, background.stopping),
            first_after_seconds=min(seconds, _FIRST_AFTER_SECONDS),
        )  # fmt: skip
    return snapshots


def _has_room(folder: int, size: int) -> bool:
    status = os.fstatvfs(folder)
    return status.f_bavail * status.f_frsize >= size


def _summarise(taking: Taking, name: str) -> Taken:
    reasons = Counter(str(why) for why in map(reason_of, taking.marks.values()) if why)
    return Taken(
        name, is_new=True, files=taking.files, total_bytes=taking.total_bytes,
        copied_bytes=taking.copied_bytes, left_out=dict(sorted(reasons.items())),
    )  # fmt: skip


def _write_summary(folder: int, taken: Taken) -> None:
    made = os.open(_SUMMARY, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600,
                   dir_fd=folder)  # fmt: skip
    with os.fdopen(made, "w", encoding="ascii") as file:
        json.dump(asdict(taken), file)
