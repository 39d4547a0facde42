"""Whether there is room for more: by what a file may have, by the quota and by the disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from twinhub_library.errors import TooMuchError

if TYPE_CHECKING:
    from twinhub_library.areas import Area

CHECKED_EACH = 1 << 26
"""Bytes after which one who writes without saying how much asks again."""


@dataclass(frozen=True)
class Limits:
    """What is taken in one go."""

    largest_file: int = 100 << 30
    """Bytes of one file."""
    most_unpacked: int = 20 << 30
    """Bytes of all that an archive holds."""
    most_entries: int = 100_000
    """Files and folders of an archive."""
    most_ratio: int = 200
    """How much larger than the archive what it holds may be."""
    deepest: int = 40
    """Folders in each other in an archive."""


class Limited(Protocol):
    """What knows how much areas and the disk may take."""

    def check(self, area: Area, size: int, *, promised: int = 0) -> None:
        """Raise `FullError` where an area, or the disk, cannot take as many bytes more."""

    def check_disk(self, size: int, *, promised: int = 0) -> None:
        """Raise `FullError` where the disk cannot take as many bytes more."""


class Room:
    """Says no before bytes fill the disk."""

    def __init__(self, limits: Limits, quota: Limited) -> None:
        """Check by limits and a quota."""
        self.limits, self._quota = limits, quota
        self.check_disk = quota.check_disk

    def check(self, area: Area, size: int, *, promised: int = 0) -> None:
        """Raise where an area cannot take as many bytes more; ``promised`` are others' to come.

        Raises:
            TooMuchError: no file may be so large.
            FullError: the quota or the disk is reached.
        """
        if size > self.limits.largest_file:
            raise TooMuchError(
                f"A file of {size:,} bytes is too large: at most "
                f"{self.limits.largest_file:,} are taken."
            )
        self._quota.check(area, size, promised=promised)


def count_free_bytes(descriptor: int) -> int:
    """Return the bytes that a process without privileges may still write to a file system."""
    found = os.fstatvfs(descriptor)
    return found.f_bavail * found.f_frsize
