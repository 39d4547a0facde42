"""Etags of files: from what the kernel knows, without reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os


def etag_of(status: os.stat_result) -> str:
    """Return what changes with a file: its inode, size and times to the nanosecond."""
    parts = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return "-".join(f"{part:x}" for part in parts)
