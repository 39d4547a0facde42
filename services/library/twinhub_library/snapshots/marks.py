"""What a snapshot knows of each file: whether the live one is still the same.

The file ``marks`` has one JSON list on each line, by path: ``[path, mark]``. A mark is ``"d"`` for
a folder, ``"l"`` with its target for a link, ``"f"`` (``"f?"`` where that is not sure enough to
link to) with the etag of the live file for a file whose copy is in the snapshot, and ``"-"`` with
the reason for what was left out.
"""

from __future__ import annotations

import json
import os
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKS = "marks"
FOLDER = "d"
_FILE, _UNSURE, _LINK, _LEFT_OUT = "f", "f?", "l", "-"


class LeftOut(StrEnum):
    """Why something of the area is not in a snapshot."""

    BUSY = "busy"
    """It was written all the time."""
    HUGE = "huge"
    """It is larger than the settings allow."""
    ROOM = "room"
    """The disk had too little room."""
    TIME = "time"
    """The snapshot took too long; the next one goes on."""
    SPECIAL = "special"
    """It is a pipe, a socket or a device."""
    CLOSED = "closed"
    """The library may not read it, or it lies too deep."""


def mark_of_file(etag: str) -> str:
    """Return the mark of a file that was copied whole."""
    return f"{_FILE}{etag}"


def mark_of_unsure_file(etag: str) -> str:
    """Return the mark of a file that may have changed again in one tick of the kernel's clock.

    It equals no other mark, so that the file is copied anew the next time.
    """
    return f"{_UNSURE}{etag}"


def etag_in(mark: str) -> str:
    """Return the etag that the live file had when it was copied; empty for anything else."""
    return mark.removeprefix(_FILE).removeprefix("?") if mark.startswith(_FILE) else ""


def target_in(mark: str) -> str | None:
    """Return where a link leads; None for anything else."""
    return mark[1:] if mark.startswith(_LINK) else None


def mark_of_link(target: str) -> str:
    """Return the mark of a link."""
    return f"{_LINK}{target}"


def mark_of_left_out(why: LeftOut, etag: str = "") -> str:
    """Return the mark of what is not in the snapshot."""
    return f"{_LEFT_OUT}{why} {etag}"


def reason_of(mark: str) -> LeftOut | None:
    """Return why something was left out; None for what is there."""
    return LeftOut(mark[1:].partition(" ")[0]) if mark.startswith(_LEFT_OUT) else None


def is_unchanged(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Return whether an area is as it was when a snapshot was taken.

    ``now`` comes from a look alone, which knows of no file whether it can be opened.
    """
    return len(before) == len(now) and all(
        now.get(path) == _as_looked_at(mark) for path, mark in before.items()
    )


def _as_looked_at(mark: str) -> str:
    if reason_of(mark) is LeftOut.CLOSED:
        return mark_of_file(mark.partition(" ")[2])
    return mark


def write_marks(folder: int, marks: Mapping[str, str]) -> None:
    """Write the marks of a snapshot into its open folder."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    made = os.open(MARKS, flags, 0o600, dir_fd=folder)
    with os.fdopen(made, "w", encoding="ascii") as file:
        for path, mark in sorted(marks.items()):
            file.write(json.dumps([path, mark]) + "\n")


def read_marks(folder: int) -> dict[str, str]:
    """Return the marks of the snapshot in an open folder; none where they cannot be read."""
    try:
        found = os.open(MARKS, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        with os.fdopen(found, encoding="ascii") as file:
            return dict(map(json.loads, file))
    except (OSError, ValueError):
        return {}
