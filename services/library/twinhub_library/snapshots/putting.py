"""Putting files where people have theirs: whole, and nothing in place of what nobody has kept."""

from __future__ import annotations

import errno
import os
import secrets
import stat

from twinhub_kit.files.etags import etag_of
from twinhub_kit.files.renaming import exchange, rename_without_replacing

from twinhub_library.snapshots.cloning import make_copy
from twinhub_library.snapshots.looking import open_inner
from twinhub_library.snapshots.marks import etag_in, target_in
from twinhub_library.snapshots.removing import remove_whole

READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
TEMPORARY = ".twinhub-"


def put(stage: int, folder: int, name: str, expected: str) -> bool:
    """Put what has a name in an open folder in place of what has it in another, if as expected.

    ``expected`` is the mark of the file or link that may go; empty where there must be none.
    Readers see the old or the new one. Return whether it was put: what somebody has written
    meanwhile stays. What came out lies in the stage.

    Raises:
        OSError: a disk fails.
    """
    is_put = _change_places(stage, folder, name, expected)
    os.fsync(folder)
    return is_put


def _change_places(stage: int, folder: int, name: str, expected: str) -> bool:
    """Let a new file have a name, and look at what had it only then: so nothing is overlooked."""
    if not expected:
        try:
            rename_without_replacing(stage, name, folder, name)
        except FileExistsError:
            return False
        return True
    try:
        exchange(stage, name, folder, name)
    except OSError as error:
        if error.errno == errno.ENOENT:  # it is gone, and a version has it
            os.rename(name, name, src_dir_fd=stage, dst_dir_fd=folder)
            return True
        if error.errno != errno.EINVAL:
            raise
        os.rename(name, name, src_dir_fd=stage, dst_dir_fd=folder)  # such as on NFS
        return True
    is_put = is_what_is_kept(stage, name, expected)
    if not is_put:
        exchange(stage, name, folder, name)
    return is_put


def is_what_is_kept(folder: int, name: str, mark: str) -> bool:
    """Return whether a version has what has a name; that it was renamed just now does not count."""
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        return target_in(mark) == os.readlink(name, dir_fd=folder)
    known = etag_in(mark)
    return bool(known) and etag_of(status).rpartition("-")[0] == known.rpartition("-")[0]


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
    inner = open_inner(folder, name)
    try:
        for one in sorted(os.listdir(source)):
            _copy_one(source, inner, one)
        os.fsync(inner)
    finally:
        os.close(inner)


def _copy_one(source: int, target: int, name: str) -> None:
    status = status_of(source, name)
    if status is not None and stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
        return
    found = os.open(name, READ_FLAGS, dir_fd=source)
    try:
        copy_whole(found, target, name)
    finally:
        os.close(found)


def make_temporary(source: int, folder: int) -> str:
    """Return the new name, beside others that nobody sees, of a copy of what is open.

    Raises:
        OSError: there is no room, or a disk fails; nothing is left then.
    """
    temporary = new_name()
    try:
        copy_whole(source, folder, temporary)
    except OSError:
        remove_whole(folder, temporary)
        raise
    return temporary


def status_of(folder: int, name: str) -> os.stat_result | None:
    """Return what has a name in an open folder; None for nothing."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def new_name() -> str:
    """Return a name that lists of folders leave out."""
    return f"{TEMPORARY}{secrets.token_hex(8)}"


def _sync(folder: int, name: str) -> None:
    found = os.open(name, READ_FLAGS, dir_fd=folder)
    try:
        os.fsync(found)
    finally:
        os.close(found)
