"""Etags of files: from what the kernel knows, without reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os


def etag_of(status: os.stat_result) -> str:
    """Return what changes with a file: its inode, size and times to the nanosecond."""
    return join_etag(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def join_etag(inode: int, size: int, changed: int, touched: int) -> str:
    """Return the etag of these parts, times in nanoseconds."""
    return f"{inode:x}-{size:x}-{changed:x}-{touched:x}"
