"""What a restore will put, made ready before anything changes: this alone takes room.

The copies lie in a hidden folder of the same area, as they will lie in the live one, so that each
is put by a rename. A full disk is noticed while they are made, and then all is as it was.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from twinhub_kit.files.etags import etag_of

from twinhub_library.snapshots.looking import open_inner
from twinhub_library.snapshots.marks import FOLDER, etag_in, target_in
from twinhub_library.snapshots.putting import READ_FLAGS, copy_whole, is_what_is_kept, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PIECE = 1 << 20


class Restored(StrEnum):
    """What became of one file or folder."""

    RESTORED = "restored"
    REMOVED = "removed"
    """It was not there then; the version that keeps the present has it."""
    UNCHANGED = "unchanged"
    KEPT = "kept"
    """It stays as it is: no version has it, or it was written meanwhile."""


@dataclass
class Preparing:
    """The copies for one restore.

    ``then`` are the marks of the snapshot, ``now`` those of the one that keeps the present state;
    both by the path below the area.
    """

    then: Mapping[str, str]
    now: Mapping[str, str]
    outcomes: dict[str, Restored] = field(default_factory=dict)
    listings: dict[str, frozenset[str]] = field(default_factory=dict)
    """The names that were in each folder then."""

    def prepare_path(self, source: int, live: int | None, stage: int, names: Sequence[str]) -> None:
        """Prepare what is at a path, with the folders on the way to it.

        The descriptors are those of the snapshot, of the area and of the stage.

        Raises:
            OSError: there is no room, a disk fails, or something else than a folder is on the way.
        """
        with contextlib.ExitStack() as opened:
            for name in names[:-1]:
                source = opened.enter_context(opened_inner(source, name))
                os.mkdir(name, 0o755, dir_fd=stage)
                stage = opened.enter_context(opened_inner(stage, name))
                if live is not None and status_of(live, name) is not None:
                    live = opened.enter_context(opened_inner(live, name))
                else:
                    live = None
            self._prepare(source, live, stage, names[-1], "/".join(names))

    def prepare_content(self, source: int, live: int | None, stage: int, path: str) -> None:
        """Prepare all that is in an open folder of the snapshot.

        Raises:
            OSError: there is no room, or a disk fails.
        """
        names = os.listdir(source)
        self.listings[path] = frozenset(names)
        for name in sorted(names):
            self._prepare(source, live, stage, name, join(path, name))
        os.fsync(stage)

    def _prepare(self, source: int, live: int | None, stage: int, name: str, path: str) -> None:
        mark = self.then.get(path, "")
        if mark == FOLDER:
            self._prepare_folder(source, live, stage, name, path)
        elif not etag_in(mark) and target_in(mark) is None:
            self.outcomes[path] = Restored.KEPT
        elif self._is_as_then(live, name, path):
            self.outcomes[path] = Restored.UNCHANGED
        else:
            self.outcomes[path] = Restored.RESTORED
            if (link := target_in(mark)) is not None:
                os.symlink(link, name, dir_fd=stage)
                return
            with _opened_file(source, name) as found:
                copy_whole(found, stage, name)

    def _prepare_folder(
        self, source: int, live: int | None, stage: int, name: str, path: str
    ) -> None:
        os.mkdir(name, 0o755, dir_fd=stage)
        status = status_of(live, name) if live is not None else None
        with contextlib.ExitStack() as opened:
            inner = None
            if live is not None and status is not None and stat.S_ISDIR(status.st_mode):
                inner = opened.enter_context(opened_inner(live, name))
            else:
                self.outcomes[path] = Restored.RESTORED
            self.prepare_content(
                opened.enter_context(opened_inner(source, name)), inner,
                opened.enter_context(opened_inner(stage, name)), path,
            )  # fmt: skip

    def _is_as_then(self, live: int | None, name: str, path: str) -> bool:
        status = status_of(live, name) if live is not None else None
        if status is None:
            return False
        if target_in(self.then[path]) is not None:
            return self.now.get(path) == self.then[path]
        return etag_of(status) == etag_in(self.then[path])


def remove_stage(
    folder: int, name: str, source: int | None, now: Mapping[str, str], path: str = ""
) -> bool:
    """Remove what is left of what was prepared; return whether all of it is gone.

    What came out of the live folder and no version has stays, hidden: a kill in the very moment of
    a write may leave such a file. ``source`` is the folder of the snapshot.

    Raises:
        OSError: it cannot be removed.
    """
    status = status_of(folder, name)
    if status is None:
        return True
    if not stat.S_ISDIR(status.st_mode):
        is_known = is_what_is_kept(folder, name, now.get(path, "")) or (
            source is not None and _is_same(source, folder, name, status)
        )
        if is_known:
            os.unlink(name, dir_fd=folder)
        return is_known
    with opened_inner(folder, name) as inner:
        names = os.listdir(inner)  # noqa: PTH208 - a descriptor
        with contextlib.ExitStack() as opened:
            old = source
            if path and source is not None:
                found = status_of(source, name)
                is_folder = found is not None and stat.S_ISDIR(found.st_mode)
                old = opened.enter_context(opened_inner(source, name)) if is_folder else None
            gone = [remove_stage(inner, one, old, now, join(path, one)) for one in names]
    if all(gone):
        os.rmdir(name, dir_fd=folder)
    return all(gone)


def _is_same(source: int, folder: int, name: str, status: os.stat_result) -> bool:
    """Return whether a file or link is as the snapshot has it."""
    other = status_of(source, name)
    if other is None or stat.S_IFMT(other.st_mode) != stat.S_IFMT(status.st_mode):
        return False
    if stat.S_ISLNK(status.st_mode):
        return os.readlink(name, dir_fd=source) == os.readlink(name, dir_fd=folder)
    if not stat.S_ISREG(status.st_mode) or other.st_size != status.st_size:
        return False
    with _opened_file(source, name) as old, _opened_file(folder, name) as new:
        return all(
            os.pread(old, _PIECE, at) == os.pread(new, _PIECE, at)
            for at in range(0, status.st_size, _PIECE)
        )


@contextlib.contextmanager
def opened_inner(folder: int, name: str) -> Iterator[int]:
    """Open a folder in an open one within the block."""
    found = open_inner(folder, name)
    try:
        yield found
    finally:
        os.close(found)


@contextlib.contextmanager
def _opened_file(folder: int, name: str) -> Iterator[int]:
    found = os.open(name, READ_FLAGS, dir_fd=folder)
    try:
        yield found
    finally:
        os.close(found)


def join(path: str, name: str) -> str:
    """Return the path below the area of a name in a folder."""
    return f"{path}/{name}" if path else name
