"""What is in a live folder, as far as it belongs into a snapshot."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_kit.files.etags import etag_of

from twinhub_library.snapshots.marks import (
    FOLDER,
    LeftOut,
    mark_of_file,
    mark_of_left_out,
    mark_of_link,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_DEEP = 128
_TEMPORARY = ".twinhub-"
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Rules:
    """What does not belong into a snapshot."""

    is_ignored: Callable[[str, bool], bool]
    """Whether a path below the area is a cache; the second says whether it is a folder."""
    largest_file: int = 0
    """Bytes; 0 for any size."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One name in a live folder."""

    name: str
    path: str
    """Below the area."""
    status: os.stat_result
    mark: str
    """As `marks` has it; the link's target follows an ``l``."""


def look_into(folder: int, path: str, rules: Rules) -> Iterator[Seen]:
    """Yield what is in an open folder; names that end meanwhile are left out."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_TEMPORARY):
                continue
            inner = f"{path}/{entry.name}" if path else entry.name
            try:
                status = entry.stat(follow_symlinks=False)
                if rules.is_ignored(inner, stat.S_ISDIR(status.st_mode)):
                    continue
                mark = _mark(folder, entry.name, status, rules)
            except FileNotFoundError:
                continue
            yield Seen(entry.name, inner, status, mark)


def _mark(folder: int, name: str, status: os.stat_result, rules: Rules) -> str:
    if stat.S_ISDIR(status.st_mode):
        return FOLDER
    if stat.S_ISLNK(status.st_mode):
        return mark_of_link(os.readlink(name, dir_fd=folder))
    if not stat.S_ISREG(status.st_mode):
        return mark_of_left_out(LeftOut.SPECIAL)
    if rules.largest_file and status.st_size > rules.largest_file:
        return mark_of_left_out(LeftOut.HUGE)
    return mark_of_file(etag_of(status))


def open_inner(folder: int, name: str) -> int:
    """Return a descriptor of a folder in an open one, which is no link.

    Raises:
        OSError: there is none, or it may not be read.
    """
    return os.open(name, _FOLDER_FLAGS, dir_fd=folder)


def survey(folder: int, rules: Rules, path: str = "", depth: int = 0) -> dict[str, str]:
    """Return the marks of all that is below an open live folder, without opening a file."""
    marks: dict[str, str] = {}
    for seen in look_into(folder, path, rules):
        marks[seen.path] = seen.mark
        if seen.mark != FOLDER:
            continue
        if depth >= MOST_DEEP:
            marks[seen.path] = mark_of_left_out(LeftOut.CLOSED)
            continue
        try:
            inner = open_inner(folder, seen.name)
        except PermissionError:
            marks[seen.path] = mark_of_left_out(LeftOut.CLOSED)
        except OSError:
            del marks[seen.path]
        else:
            try:
                marks |= survey(inner, rules, seen.path, depth + 1)
            finally:
                os.close(inner)
    return marks
