"""Whether files lie on a disk of this machine: reading a small one then takes microseconds.

On a network's disk the same may take as long as the network likes, so that whoever reads must not
be the thread that everybody waits for.
"""

from __future__ import annotations

import re
from pathlib import Path

MOST_BYTES_AT_ONCE = 64 * 1024
"""Bytes of a file, or of a folder's own list, that are read while others wait: microseconds."""

MOST_BYTES_LISTED_AT_ONCE = 16 * 1024
"""Bytes of a folder's own list where each name is looked at by itself: some hundred names."""

_NEAR = frozenset(
    {"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"}
)
_ESCAPED = re.compile(r"\\([0-7]{3})")
_MOUNTS = Path("/proc/self/mountinfo")


class NotAtOnceError(Exception):
    """What would be read is large: to be read where others need not wait for it."""


def is_near(folder: Path, mounts: Path = _MOUNTS) -> bool:
    """Return whether a folder is on a file system of this machine, by what is mounted where."""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return False
    place, kind = "", ""
    resolved = folder.resolve()
    for line in lines:
        mount, _, system = line.partition(" - ")
        point = _ESCAPED.sub(lambda found: chr(int(found[1], 8)), mount.split(" ")[4])
        if resolved.is_relative_to(point) and len(point) >= len(place):
            place, kind = point, system.split(" ")[0]
    return kind in _NEAR
