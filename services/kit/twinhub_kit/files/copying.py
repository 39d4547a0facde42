"""Copying between descriptors: shared blocks where the file system can, else in the kernel.

``FICLONE`` (ioctl_ficlone(2)) shares the blocks on btrfs and XFS; elsewhere copy_file_range(2)
copies what has content, so that a hole stays a hole (lseek(2), ``SEEK_DATA``).
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import RefusedFileError
from twinhub_kit.files.walking import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FICLONE = 0x40049409
_PIECE = 1 << 26
_READ = 1 << 20
_NOT_HERE = frozenset(
    {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTTY, errno.EPERM}
)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def copy_content(source: int, target: int) -> int:
    """Copy the content of a file to an empty one, both open; return its size in bytes.

    Raises:
        OSError: what write(2) says.
    """
    size = os.fstat(source).st_size
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
    else:
        return size
    os.ftruncate(target, size)
    for start, end in find_content(source, size):
        _copy_range(source, target, start, end)
    return size


def find_content(source: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield from where to where in an open file of a size there is content; the rest is holes."""
    at = 0
    while at < size:
        try:
            start = os.lseek(source, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return  # nothing but a hole follows
            raise
        at = min(os.lseek(source, start, os.SEEK_HOLE), size)
        yield start, at


def _copy_range(source: int, target: int, start: int, end: int) -> None:
    while start < end:
        try:
            copied = os.copy_file_range(source, target, min(_PIECE, end - start), start, start)
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
            copied = os.pwrite(target, os.pread(source, min(_READ, end - start), start), start)
        if not copied:
            return  # the source has become shorter
        start += copied


def copy_tree(
    source: int, target: int, check: Callable[[int], None] = lambda _: None
) -> tuple[int, int]:
    """Copy all in an open folder to another open, empty one; return files and bytes.

    Links are copied as links. ``check`` is called with the bytes of each file before it is copied,
    and may raise.

    Raises:
        RefusedFileError: a device, a pipe or a socket is there, or it is too deep.
        OSError: what write(2) says.
    """
    files, size = 0, 0
    folders: dict[tuple[str, ...], int] = {(): os.dup(target)}
    try:
        for found in walk(source):
            _leave(folders, found.names[:-1])
            into, name = folders[found.names[:-1]], found.names[-1]
            if found.is_folder:
                os.mkdir(name, 0o700, dir_fd=into)
                folders[found.names] = os.open(name, _FOLDER, dir_fd=into)
                os.fchmod(folders[found.names], stat.S_IMODE(found.status.st_mode) | 0o700)
            elif stat.S_ISLNK(found.status.st_mode):
                os.symlink(os.readlink(name, dir_fd=found.folder), name, dir_fd=into)
            elif (opened := found.open_file()) is not None:
                check(found.status.st_size)
                size += _copy_file(opened, into, name)
                files += 1
            else:
                raise RefusedFileError(f"{found.path} is no file with content: remove it first.")
    finally:
        for folder in folders.values():
            os.close(folder)
    return files, size


def _leave(folders: dict[tuple[str, ...], int], names: tuple[str, ...]) -> None:
    """Close the folders that are done with: those that a path does not lead through."""
    for done in [one for one in folders if names[: len(one)] != one]:
        os.close(folders.pop(done))


def _copy_file(source: int, folder: int, name: str) -> int:
    try:
        mode = 0o644 | (os.fstat(source).st_mode & 0o111)
        target = os.open(name, _NEW, mode, dir_fd=folder)
        try:
            return copy_content(source, target)
        finally:
            os.close(target)
    finally:
        os.close(source)
