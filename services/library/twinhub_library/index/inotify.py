"""The kernel's inotify (inotify(7)), by the C library: watches of folders that are open already.

Packages that watch whole trees follow links while they do (notify, which watchfiles stands on, by
default): somebody's link to ``/`` would have the library watch the machine. Here a watch is put on
a folder's descriptor, which the tree has opened beneath its root.
"""

from __future__ import annotations

import ctypes
import functools
import os
import struct
from dataclasses import dataclass
from pathlib import Path

_WRITTEN, _MOVED_FROM, _MOVED_TO, _CREATED, _DELETED = 0x08, 0x40, 0x80, 0x100, 0x200
OVERFLOW, IGNORED, IS_FOLDER = 0x4000, 0x8000, 0x4000_0000
_ONLY_FOLDERS, _NOT_UNLINKED = 0x0100_0000, 0x0400_0000
APPEARED = _MOVED_TO | _CREATED
_WANTED = _WRITTEN | _MOVED_FROM | APPEARED | _DELETED | _ONLY_FOLDERS | _NOT_UNLINKED
_HEAD = struct.Struct("iIII")
_BYTES = 256 * 1024
_LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to a name in a watched folder."""

    watch: int
    mask: int
    name: str


class Inotify:
    """One queue of events."""

    def __init__(self) -> None:
        """Open a queue.

        Raises:
            OSError: the kernel gives none: too many are open.
        """
        self._queue = _check(_libc().inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def close(self) -> None:
        """Close the queue; all watches end."""
        os.close(self._queue)

    def watch(self, folder: int) -> int:
        """Watch an open folder; one that is watched already keeps its number.

        Raises:
            OSError: ``ENOSPC`` if there are too many watches.
        """
        return _check(
            _libc().inotify_add_watch(self._queue, f"/proc/self/fd/{folder}".encode(), _WANTED)
        )

    def unwatch(self, watch: int) -> None:
        """End a watch; one that has ended already is fine."""
        _libc().inotify_rm_watch(self._queue, watch)

    def read(self) -> list[Event]:
        """Return what has happened, as much of it as is told at once."""
        try:
            content = os.read(self._queue, _BYTES)
        except BlockingIOError:
            return []
        events, at = [], 0
        while at < len(content):
            watch, mask, _, length = _HEAD.unpack_from(content, at)
            at += _HEAD.size
            name = content[at : at + length].rstrip(b"\0")
            events.append(Event(watch, mask, os.fsdecode(name)))
            at += length
        return events


def most_watches() -> int:
    """Return how many watches a user may have; 0 if the kernel does not say."""
    try:
        return int(_LIMIT.read_text())
    except (OSError, ValueError):
        return 0


def _check(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


@functools.cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.inotify_add_watch.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)
    return libc
