"""Whether there is room for more: by what a file may have, by the quota and by the disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_library.errors import FullError, TooMuchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_library.areas import Area
    from twinhub_library.tree import Tree

CHECKED_EACH = 1 << 26
"""Bytes after which one who writes without saying how much asks again."""


@dataclass(frozen=True)
class Limits:
    """What is taken in one go."""

    largest_file: int = 100 << 30
    """Bytes of one file."""
    free_space_floor: int = 1 << 30
    """Bytes of the disk that the library leaves free."""
    most_unpacked: int = 20 << 30
    """Bytes of all that an archive holds."""
    most_entries: int = 100_000
    """Files and folders of an archive."""
    most_ratio: int = 200
    """How much larger than the archive what it holds may be."""
    deepest: int = 40
    """Folders in each other in an archive."""


def no_quota(_area: Area, _size: int) -> None:
    """Let an area take as many bytes as there are."""


class Room:
    """Says no before bytes fill the disk."""

    def __init__(
        self, tree: Tree, limits: Limits, check_quota: Callable[[Area, int], None] = no_quota
    ) -> None:
        """Check by limits; ``check_quota`` raises `FullError` where an area has reached its own."""
        self._tree, self.limits, self._check_quota = tree, limits, check_quota

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
        self._check_quota(area, size)
        self.check_disk(size, promised=promised)

    def check_disk(self, size: int, *, promised: int = 0) -> None:
        """Raise where the disk cannot take as many bytes more.

        Raises:
            FullError: the disk is reached.
        """
        free = self._tree.count_free_bytes() - self.limits.free_space_floor - promised
        if size > free:
            raise FullError(
                f"The disk has {max(free, 0):,} bytes left, and {size:,} are asked for: tell an "
                "administrator, or remove files that nobody needs."
            )


def count_free_bytes(descriptor: int) -> int:
    """Return the bytes that a process without privileges may still write to a file system."""
    found = os.fstatvfs(descriptor)
    return found.f_bavail * found.f_frsize
