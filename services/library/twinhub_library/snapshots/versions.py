"""The previous versions of a file or folder, and what is in them."""

from __future__ import annotations

import difflib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import NotThereError, RefusedFileError

from twinhub_library.areas import split_path
from twinhub_library.errors import LibraryError
from twinhub_library.moments import moment_of
from twinhub_library.snapshots.shelf import NoVersionError, Shelf, check_kept
from twinhub_library.tree import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.tree import Entry, Tree

MOST_BYTES_TO_COMPARE = 512 * 1024
_MOST_LINES = 10_000


class NoTextError(RefusedFileError):
    """A difference is asked of what is no text, or too long."""

    code = "no-text"


@dataclass(frozen=True, slots=True)
class Version:
    """A previous version of a file or folder."""

    time: str
    """Name of the newest snapshot that has it."""
    first_time: str
    """Name of the oldest one that has the same content, with no other in between."""
    kind: EntryKind
    size: int
    changed_at: datetime
    is_present: bool
    """Whether the file still has this size and time of change."""


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """One name in a previous version of a folder."""

    name: str
    kind: EntryKind
    size: int
    changed_at: datetime


def list_versions(tree: Tree, shelf: Shelf, path: RelativePath) -> Iterator[Version]:
    """Yield the versions of a file or folder, the newest first; of a file those that differ.

    Raises:
        BadPathError: it is in the common area.
    """
    area, within = split_path(path)
    check_kept(area)
    present = _look_at_present(tree, path)
    version: Version | None = None
    inode = 0
    for time in shelf.list_times(area):
        try:
            with shelf.opened_version(area, time, within) as found:
                status = os.fstat(found)
        except NoVersionError:
            continue
        is_folder = stat.S_ISDIR(status.st_mode)
        if version and status.st_ino == inode and not is_folder:
            version = _from(version, time)
            continue
        if version:
            yield version
        inode = status.st_ino
        kind = EntryKind.FOLDER if is_folder else EntryKind.FILE
        size = 0 if is_folder else status.st_size
        version = Version(
            time, time, kind, size, moment_of(status.st_mtime_ns), _is_alike(status, present)
        )
    if version:
        yield version


def _from(version: Version, time: str) -> Version:
    return Version(
        version.time, time, version.kind, version.size, version.changed_at, version.is_present
    )


def _look_at_present(tree: Tree, path: RelativePath) -> Entry | None:
    try:
        return tree.get_entry(path)
    except LibraryError:
        return None


def _is_alike(status: os.stat_result, present: Entry | None) -> bool:
    return (
        present is not None
        and present.kind is EntryKind.FILE
        and (status.st_size, moment_of(status.st_mtime_ns)) == (present.size, present.changed_at)
    )


def open_version(shelf: Shelf, path: RelativePath, time: str) -> int:
    """Return a descriptor of a previous version of a file, for reading; the caller closes it.

    Raises:
        NoVersionError: there is none of that time.
        RefusedFileError: it is a folder.
    """
    area, within = split_path(path)
    check_kept(area)
    with shelf.opened_version(area, time, within) as found:
        if not stat.S_ISREG(os.fstat(found).st_mode):
            raise RefusedFileError(f"{path} was a folder then: list it, or restore it.")
        return os.dup(found)


def list_folder_then(shelf: Shelf, path: RelativePath, time: str) -> list[VersionEntry]:
    """Return what was in a folder, by name.

    Raises:
        NoVersionError: there is no version of that time.
        NotThereError: it was a file.
    """
    area, within = split_path(path)
    check_kept(area)
    with shelf.opened_version(area, time, within) as found:
        if not stat.S_ISDIR(os.fstat(found).st_mode):
            raise NotThereError(f"{path} was a file then: read it.")
        with os.scandir(found) as entries:
            listed = [_entry(one) for one in entries]
    return sorted(listed, key=lambda one: one.name)


def _entry(entry: os.DirEntry[str]) -> VersionEntry:
    status = entry.stat(follow_symlinks=False)
    kind = EntryKind.LINK
    if not entry.is_symlink():
        kind = EntryKind.FOLDER if entry.is_dir(follow_symlinks=False) else EntryKind.FILE
    size = status.st_size if kind is EntryKind.FILE else 0
    return VersionEntry(entry.name, kind, size, moment_of(status.st_mtime_ns))


def compare(tree: Tree, shelf: Shelf, path: RelativePath, time: str, until: str | None) -> str:
    """Return the difference between a version of a text file and a later one, or the present file.

    It is in the unified format of diff(1); empty where nothing differs.

    Raises:
        NoVersionError: there is no such version.
        NoTextError: one of them is no text in UTF-8, or longer than 512 KiB or 10,000 lines.
    """
    old = _read_text(open_version(shelf, path, time), path)
    new = _read_text(open_version(shelf, path, until) if until else tree.open_file(path), path)
    lines = difflib.unified_diff(
        old, new, f"{path} ({time})", f"{path} ({until or 'now'})", lineterm="\n"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _read_text(found: int, path: RelativePath) -> list[str]:
    with os.fdopen(found, "rb") as file:
        content = file.read(MOST_BYTES_TO_COMPARE + 1)
    if len(content) > MOST_BYTES_TO_COMPARE:
        raise NoTextError(f"{path} is longer than 512 KiB: download both versions to compare them.")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise NoTextError(f"{path} is no text: download both versions to compare them.") from error
    lines = text.splitlines(keepends=True)
    if len(lines) > _MOST_LINES or "\0" in text:
        raise NoTextError(f"{path} is no text of at most 10,000 lines: download both versions.")
    return lines
