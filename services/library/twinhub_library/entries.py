"""What a name in a folder stands for, as the kernel tells without opening it."""

from __future__ import annotations

import functools
import os
import stat
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - pydantic reads it
from enum import StrEnum
from typing import TYPE_CHECKING

from twinhub_kit.files.etags import join_etag
from twinhub_kit.files.paths import REPLACEMENT, shown_name

from twinhub_library.moments import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class EntryKind(StrEnum):
    """What a name stands for."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder."""

    name: str
    """Text that can be shown; see `is_usable`."""
    kind: EntryKind
    size: int
    """Bytes of a file; 0 of anything else."""
    changed_at: datetime
    etag: str
    """Another one as soon as content, or what is there, has changed."""
    is_usable: bool = True
    """False where the name on the disk is no text, or holds what cannot be seen."""


def look_at(folder: int, names: Iterable[str]) -> Iterator[Entry]:
    """Yield the entries of names in an open folder; those that end meanwhile are left out."""
    for name in names:
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            continue
        yield make_entry(name, status)


def make_entry(name: str, status: os.stat_result) -> Entry:
    """Return the entry of a name."""
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return _cached(name, status.st_mode, status.st_ino, status.st_size, times)


@functools.lru_cache(8192)
def _cached(name: str, mode: int, inode: int, size: int, times: tuple[int, int]) -> Entry:
    """Return an entry; who lists a folder again is given the same ones, which costs a fifth."""
    kind = _kind(mode)
    shown = shown_name(name)
    return Entry(
        shown, kind, size if kind is EntryKind.FILE else 0, moment_of(times[0]),
        join_etag(inode, size, *times), is_usable=REPLACEMENT not in shown,
    )  # fmt: skip


def _kind(mode: int) -> EntryKind:
    if stat.S_ISREG(mode):
        return EntryKind.FILE
    if stat.S_ISDIR(mode):
        return EntryKind.FOLDER
    return EntryKind.LINK if stat.S_ISLNK(mode) else EntryKind.OTHER
