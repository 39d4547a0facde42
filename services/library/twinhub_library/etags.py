"""Etags of files: from what the kernel knows, without reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os


def etag_of(status: os.stat_result) -> str:
    """Return what changes with a file: its inode, size and times to the nanosecond."""
    return f"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ctime_ns:x}"
