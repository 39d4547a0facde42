"""Copies of files between open folders: clones that share blocks where the file system can."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat

_FICLONE = 0x40049409
"""ioctl_ficlone(2): share all blocks of a file; btrfs, XFS with reflink, bcachefs."""
_NO_CLONE = frozenset(
    {errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.EXDEV, errno.ENOSYS, errno.EPERM}
)
_PIECE = 1 << 20
_PLAIN, _EXECUTABLE = 0o644, 0o755


def copy_content(source: int, target: int) -> int:
    """Copy an open file into an empty one; return how many bytes were written, 0 for a clone.

    Raises:
        OSError: there is no room, or a disk fails.
    """
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno not in _NO_CLONE:
            raise
    else:
        return 0
    at = 0
    while piece := os.pread(source, _PIECE, at):
        rest = memoryview(piece)
        while rest:
            done = os.write(target, rest)
            rest = rest[done:]
        at += len(piece)
    return at


def make_copy(source: int, folder: int, name: str, *, keeps_time: bool) -> int:
    """Make a file in an open folder with the content of an open one; return the bytes written.

    Of the mode only whether it is a program is kept. A copy that fails leaves nothing.

    Raises:
        OSError: the name is taken, there is no room, or a disk fails.
    """
    status = os.fstat(source)
    mode = _EXECUTABLE if status.st_mode & stat.S_IXUSR else _PLAIN
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    made = os.open(name, flags, mode, dir_fd=folder)
    try:
        written = copy_content(source, made)
        os.fchmod(made, mode)
        if keeps_time:
            os.utime(made, ns=(status.st_mtime_ns, status.st_mtime_ns))
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)
        raise
    finally:
        os.close(made)
    return written
