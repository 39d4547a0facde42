"""The lock that tells others that this process lives, and which one it is (fcntl(2), ``F_GETLK``).

It goes with the first descriptor of its file that this process closes, whatever opened that. So no
file of a twin is read that is that one, by a link.
"""

from __future__ import annotations

import errno
import fcntl
import os

_held: list[tuple[int, int]] = []


def hold(path: str) -> None:
    """Hold the lock of a file as long as this process lives.

    Raises:
        OSError: the file is not there.
    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    fcntl.lockf(file, fcntl.LOCK_SH)
    _held.append(_identity(os.fstat(file)))


def open_other(path: str, flags: int) -> int:
    """Open a file of a twin, as an ``opener`` of `open`.

    Raises:
        OSError: it is not there, or the one whose lock is held.
    """
    if _identity(os.stat(path)) in _held:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)
    return os.open(path, flags)


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
