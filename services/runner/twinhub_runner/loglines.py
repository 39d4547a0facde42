"""Reading the log of a run from any place on, while it is written."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 1 << 20
"""Bytes of a log that are read in one go."""
_MOST_NAMES = 64
_SEGMENT = re.compile("[0-9]{16}")
_LAST = 1 << 52
"""Where a segment may begin: JavaScript counts exactly that far."""
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Piece:
    """Some whole records of a log."""

    start: int
    """Where they begin: later than asked where what was asked for is no more kept."""
    records: bytes

    @property
    def end(self) -> int:
        """Where the next ones begin."""
        return self.start + len(self.records)


def read_log(folder: Path, start: int, most: int = MOST_BYTES) -> Piece:
    """Return whole records from a place on, at least one if there is one; see `twinhub_agent.logs`.

    A folder that is not there is an empty log, and so is a link, which leads to somebody else's.
    """
    try:
        opened = os.open(folder, _READ | os.O_DIRECTORY)
    except OSError:
        return Piece(start, b"")
    try:
        starts = _starts_in(opened)
        for segment in starts:
            first = max(start, segment)
            if content := _read(opened, segment, first - segment, most):
                return Piece(first, content)
    finally:
        os.close(opened)
    return Piece(max([start, *starts[-1:]]), b"")


def find_end(folder: Path) -> int:
    """Return the place after all that is in a log now."""
    try:
        opened = os.open(folder, _READ | os.O_DIRECTORY)
    except OSError:
        return 0
    try:
        last = max(_starts_in(opened), default=0)
        return last + os.stat(f"{last:016}", dir_fd=opened, follow_symlinks=False).st_size
    except OSError:
        return 0
    finally:
        os.close(opened)


def _starts_in(folder: int) -> list[int]:
    """Return where segments begin; none where there are more names than an agent makes.

    Whoever follows a log looks again and again, beside everybody else's requests.
    """
    with os.scandir(folder) as found:
        names = [one.name for one in islice(found, _MOST_NAMES + 1)]
    if len(names) > _MOST_NAMES:
        return []
    starts = (int(name) for name in names if _SEGMENT.fullmatch(name))
    return sorted(one for one in starts if one <= _LAST)


def _read(folder: int, segment: int, offset: int, most: int) -> bytes:
    try:
        descriptor = os.open(f"{segment:016}", _READ, dir_fd=folder)
    except OSError:
        return b""  # removed meanwhile: the next segment has what follows
    try:
        content = os.pread(descriptor, most, offset)
    except OSError:
        return b""  # no file that could be read so
    finally:
        os.close(descriptor)
    return content[: content.rfind(b"\n") + 1]
