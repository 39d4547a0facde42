"""Bringing files back from a snapshot, in their place or beside it, and never losing the present.

Before anything is put in its place, a snapshot keeps the present state; what that snapshot could
not keep, or what somebody has written since, stays as it is and is named in the report.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from twinhub_library.etags import etag_of
from twinhub_library.snapshots.looking import open_inner
from twinhub_library.snapshots.marks import FOLDER, etag_in, reason_of, target_in
from twinhub_library.snapshots.putting import (
    READ_FLAGS,
    TEMPORARY,
    new_name,
    put_file,
    status_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Restored(StrEnum):
    """What became of one file or folder."""

    RESTORED = "restored"
    REMOVED = "removed"
    """It was not there then; the version that keeps the present has it."""
    UNCHANGED = "unchanged"
    KEPT = "kept"
    """It stays as it is: no version has it, or it was written meanwhile."""


@dataclass
class Restoring:
    """One return of a folder's content, or a file's, to what a snapshot has.

    ``then`` are the marks of that snapshot, ``now`` those of the one that keeps the present state;
    both by the path below the area.
    """

    then: Mapping[str, str]
    now: Mapping[str, str]
    outcomes: dict[str, Restored] = field(default_factory=dict)

    def restore(self, source: int, target: int, name: str, path: str) -> None:
        """Bring back what has a name in an open folder of the snapshot, into an open live one.

        Raises:
            OSError: there is no room, or a disk fails; what is done already is whole.
        """
        mark = self.then.get(path, "")
        if mark == FOLDER:
            self._restore_folder(source, target, name, path)
        elif (link := target_in(mark)) is not None:
            self._restore_link(target, name, path, link)
        elif etag_in(mark):
            self._restore_file(source, target, name, path)
        else:
            self.outcomes[path] = Restored.KEPT

    def _restore_folder(self, source: int, target: int, name: str, path: str) -> None:
        if not self._make_way(target, name, path, keeps_folder=True):
            return
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=target)
            self.outcomes[path] = Restored.RESTORED
        with _opened(source, name) as inner_source, _opened(target, name) as inner:
            self.restore_content(inner_source, inner, path)

    def restore_content(self, source: int, target: int, path: str) -> None:
        """Bring back all that is in a folder, and remove what was not there then.

        Raises:
            OSError: there is no room, or a disk fails; what is done already is whole.
        """
        names = set(os.listdir(source))
        for name in sorted(names):
            self.restore(source, target, name, _join(path, name))
        for name in sorted(set(os.listdir(target)) - names):
            inner = _join(path, name)
            if not name.startswith(TEMPORARY) and reason_of(self.then.get(inner, "")) is None:
                self._remove(target, name, inner)
        os.fsync(target)

    def _restore_file(self, source: int, target: int, name: str, path: str) -> None:
        if self._is_as_then(target, name, path):
            self.outcomes[path] = Restored.UNCHANGED
        elif self._make_way(target, name, path):
            found = os.open(name, READ_FLAGS, dir_fd=source)
            try:
                is_put = put_file(found, target, name, self.now.get(path, ""))
            finally:
                os.close(found)
            self.outcomes[path] = Restored.RESTORED if is_put else Restored.KEPT

    def _restore_link(self, target: int, name: str, path: str, link: str) -> None:
        if self.now.get(path) == self.then[path]:
            self.outcomes[path] = Restored.UNCHANGED
        elif self._make_way(target, name, path):
            temporary = new_name()
            os.symlink(link, temporary, dir_fd=target)
            os.rename(temporary, name, src_dir_fd=target, dst_dir_fd=target)
            self.outcomes[path] = Restored.RESTORED

    def _is_as_then(self, target: int, name: str, path: str) -> bool:
        status = status_of(target, name)
        return status is not None and etag_of(status) == etag_in(self.then[path])

    def _make_way(self, target: int, name: str, path: str, *, keeps_folder: bool = False) -> bool:
        """Return whether something else may be put under a name; a folder is removed for a file."""
        status = status_of(target, name)
        if status is None:
            return True
        if stat.S_ISDIR(status.st_mode):
            if keeps_folder:
                return True
            self._remove(target, name, path)
            if status_of(target, name) is None:
                return True
        elif self._is_kept(status, target, name, path):
            if keeps_folder:
                os.unlink(name, dir_fd=target)
            return True
        self.outcomes[path] = Restored.KEPT
        return False

    def _is_kept(self, status: os.stat_result, target: int, name: str, path: str) -> bool:
        """Return whether the version that keeps the present has what is there."""
        mark = self.now.get(path, "")
        if stat.S_ISLNK(status.st_mode):
            return target_in(mark) == os.readlink(name, dir_fd=target)
        return etag_in(mark) == etag_of(status)

    def _remove(self, target: int, name: str, path: str) -> None:
        status = status_of(target, name)
        if status is None:
            return
        if not stat.S_ISDIR(status.st_mode):
            is_kept = self._is_kept(status, target, name, path)
            if is_kept:
                os.unlink(name, dir_fd=target)
            if is_kept or path in self.now:  # what is ignored is no business of a restore
                self.outcomes[path] = Restored.REMOVED if is_kept else Restored.KEPT
            return
        if self.now.get(path) != FOLDER:
            return
        with _opened(target, name) as inner:
            for one in sorted(os.listdir(inner)):  # noqa: PTH208 - a descriptor
                self._remove(inner, one, _join(path, one))
        with contextlib.suppress(OSError):  # something in it stays
            os.rmdir(name, dir_fd=target)
            self.outcomes[path] = Restored.REMOVED


@contextlib.contextmanager
def _opened(folder: int, name: str) -> Iterator[int]:
    found = open_inner(folder, name)
    try:
        yield found
    finally:
        os.close(found)


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
