"""Bringing files back from a snapshot, in their place or beside it, and never losing the present.

Before anything is put in its place, a snapshot keeps the present state; what that snapshot could
not keep, or what somebody has written since, stays as it is and is named in the report.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from twinhub_library.etags import etag_of
from twinhub_library.renaming import exchange, rename_without_replacing
from twinhub_library.snapshots.cloning import make_copy
from twinhub_library.snapshots.looking import open_inner
from twinhub_library.snapshots.marks import FOLDER, etag_in, reason_of, target_in
from twinhub_library.snapshots.removing import remove_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
TEMPORARY = ".twinhub-"


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
            found = os.open(name, _READ_FLAGS, dir_fd=source)
            try:
                is_put = put_file(found, target, name, self.now.get(path, ""))
            finally:
                os.close(found)
            self.outcomes[path] = Restored.RESTORED if is_put else Restored.KEPT

    def _restore_link(self, target: int, name: str, path: str, link: str) -> None:
        if self.now.get(path) == self.then[path]:
            self.outcomes[path] = Restored.UNCHANGED
        elif self._make_way(target, name, path):
            temporary = _temporary()
            os.symlink(link, temporary, dir_fd=target)
            os.rename(temporary, name, src_dir_fd=target, dst_dir_fd=target)
            self.outcomes[path] = Restored.RESTORED

    def _is_as_then(self, target: int, name: str, path: str) -> bool:
        status = _status(target, name)
        return status is not None and etag_of(status) == etag_in(self.then[path])

    def _make_way(self, target: int, name: str, path: str, *, keeps_folder: bool = False) -> bool:
        """Return whether something else may be put under a name; a folder is removed for a file."""
        status = _status(target, name)
        if status is None:
            return True
        if stat.S_ISDIR(status.st_mode):
            if keeps_folder:
                return True
            self._remove(target, name, path)
            if _status(target, name) is None:
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
        status = _status(target, name)
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


def put_file(source: int, folder: int, name: str, expected: str) -> bool:
    """Put a copy of an open file in place of what has a name, if that is what is expected.

    ``expected`` is the mark of the file or link that may go; empty where there must be none.
    Readers see the old or the new one. Return whether it was put: what somebody has written
    meanwhile stays.

    Raises:
        OSError: there is no room, or a disk fails; nothing has changed then.
    """
    temporary = _temporary()
    try:
        make_copy(source, folder, temporary, keeps_time=False)
        _sync(folder, temporary)
        is_put = _change_places(folder, temporary, name, expected)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    os.fsync(folder)
    return is_put


def _change_places(folder: int, temporary: str, name: str, expected: str) -> bool:
    """Let a new file have a name, and look at what had it only then: so nothing is overlooked."""
    if not expected:
        try:
            rename_without_replacing(folder, temporary, folder, name)
        except FileExistsError:
            os.unlink(temporary, dir_fd=folder)
            return False
        return True
    try:
        exchange(folder, temporary, folder, name)
    except OSError as error:
        if error.errno == errno.ENOENT:  # it is gone, and a version has it
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            return True
        if error.errno != errno.EINVAL:
            raise
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)  # such as on NFS
        return True
    is_put = _is_what_is_kept(folder, temporary, expected)
    if not is_put:
        exchange(folder, temporary, folder, name)
    os.unlink(temporary, dir_fd=folder)
    return is_put


def _is_what_is_kept(folder: int, name: str, mark: str) -> bool:
    """Return whether a version has what has a name; that it was renamed just now does not count."""
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        return target_in(mark) == os.readlink(name, dir_fd=folder)
    return etag_of(status).rpartition("-")[0] == etag_in(mark).rpartition("-")[0]


def copy_whole(source: int, folder: int, name: str) -> None:
    """Copy an open file, or folder with all that is in it, to a new name in an open folder.

    Raises:
        OSError: there is no room, or a disk fails.
    """
    if stat.S_ISREG(os.fstat(source).st_mode):
        make_copy(source, folder, name, keeps_time=False)
        _sync(folder, name)
        return
    os.mkdir(name, 0o755, dir_fd=folder)
    with _opened(folder, name) as inner:
        for one in sorted(os.listdir(source)):
            _copy_one(source, inner, one)
        os.fsync(inner)


def _copy_one(source: int, target: int, name: str) -> None:
    status = _status(source, name)
    if status is not None and stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
        return
    found = os.open(name, _READ_FLAGS, dir_fd=source)
    try:
        copy_whole(found, target, name)
    finally:
        os.close(found)


def make_temporary(source: int, folder: int) -> str:
    """Return the new name, beside others that nobody sees, of a copy of what is open.

    Raises:
        OSError: there is no room, or a disk fails; nothing is left then.
    """
    temporary = _temporary()
    try:
        copy_whole(source, folder, temporary)
    except OSError:
        remove_whole(folder, temporary)
        raise
    return temporary


@contextlib.contextmanager
def _opened(folder: int, name: str) -> Iterator[int]:
    found = open_inner(folder, name)
    try:
        yield found
    finally:
        os.close(found)


def _status(folder: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _sync(folder: int, name: str) -> None:
    found = os.open(name, _READ_FLAGS, dir_fd=folder)
    try:
        os.fsync(found)
    finally:
        os.close(found)


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _temporary() -> str:
    return f"{TEMPORARY}{secrets.token_hex(8)}"
