"""Reading the log of a run from any place on, while it is written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 1 << 20
"""Bytes of a log that are read in one go."""


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

    A folder that is not there is an empty log.
    """
    try:
        starts = sorted(int(one.name) for one in folder.iterdir() if one.name.isdigit())
    except OSError:
        return Piece(start, b"")
    for at, segment in enumerate(starts):
        following = starts[at + 1] if at + 1 < len(starts) else None
        first = max(start, segment)
        content = _read(folder / f"{segment:016}", first - segment, most)
        if content:
            return Piece(first, content)
        if following is None:
            return Piece(max(first, start), b"")
    return Piece(start, b"")


def _read(file: Path, offset: int, most: int) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""  # removed meanwhile: the next segment has what follows
    try:
        content = os.pread(descriptor, most, offset)
    finally:
        os.close(descriptor)
    return content[: content.rfind(b"\n") + 1]
