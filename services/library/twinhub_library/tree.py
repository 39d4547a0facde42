"""The only module that opens files of assets: descriptors from a root's own, never paths.

Every method takes a `RelativePath` below the root and opens it by `open_beneath`, so that no name,
link or rename leads out of the root. Regular files alone are opened for reading: a pipe, a device
or a socket is refused without waiting for it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from twinhub_library.beneath import open_beneath
from twinhub_library.errors import (
    BadPathError,
    ChangedError,
    ExistsError,
    FullError,
    LibraryError,
    NotThereError,
    RefusedFileError,
)
from twinhub_library.opened import OpenFolder
from twinhub_library.renaming import rename_without_replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from twinhub_library.paths import RelativePath

_FOLDER_MODE, _FILE_MODE = 0o755, 0o644
_TEMPORARY = ".twinhub-"
_NO_WAIT = os.O_NONBLOCK | os.O_NOCTTY


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
    kind: EntryKind
    size: int
    """Bytes of a file; 0 of anything else."""
    changed_at: datetime
    etag: str
    """Another one as soon as content, or what is there, has changed."""


class Tree:
    """The files below one root."""

    def __init__(self, root: Path) -> None:
        """Open the root, which must be a folder.

        Raises:
            OSError: it is none, or cannot be opened.
        """
        self._root = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Close the root; what is open stays open."""
        os.close(self._root)

    def __enter__(self) -> Self:
        """Return the tree."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the root."""
        self.close()

    def get_entry(self, path: RelativePath) -> Entry:
        """Return what is at a path; a link at its end is not followed.

        Raises:
            NotThereError: nothing is there.
        """
        with self._opened(path, os.O_PATH | os.O_NOFOLLOW) as found:
            return _entry(path.name, os.fstat(found))

    def list_folder(self, path: RelativePath) -> list[Entry]:
        """Return what is in a folder, by name; names that end while one looks are left out.

        Raises:
            NotThereError: there is no such folder.
        """
        with self._opened(path, os.O_RDONLY | os.O_DIRECTORY) as folder:
            entries = []
            for name in sorted(os.listdir(folder)):  # noqa: PTH208 - a descriptor
                if name.startswith(_TEMPORARY):
                    continue
                with contextlib.suppress(FileNotFoundError):
                    entries.append(_entry(name, _status(folder, name)))
            return entries

    def open_file(self, path: RelativePath) -> int:
        """Return a descriptor of a regular file, for reading; the caller closes it.

        Raises:
            NotThereError: nothing is there.
            RefusedFileError: it is no regular file, or a link that leads out of the root.
        """
        found = self._open(path, os.O_RDONLY | _NO_WAIT)
        if not stat.S_ISREG(os.fstat(found).st_mode):
            os.close(found)
            raise RefusedFileError(f"{path} is no file with content: only such are opened.")
        return found

    def open_folder(self, path: RelativePath) -> OpenFolder:
        """Return a folder in which nothing is reached through a link; the caller closes it.

        Links on the way to it are not followed either.

        Raises:
            NotThereError: there is no such folder.
            RefusedFileError: a link is on the way.
        """
        with translated(path):
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
            return OpenFolder(open_beneath(self._root, str(path), flags, follow=False))

    def write_file(
        self, path: RelativePath, chunks: Iterable[bytes], *, if_match: str | None = None
    ) -> Entry:
        """Put a file in place of what was there; whoever reads sees the old or the new one, whole.

        ``if_match`` is the etag that the file must still have; ``""`` says that there must be none.

        Raises:
            NotThereError: its folder is not there.
            ChangedError: another file is there than ``if_match`` says.
            ExistsError: a folder is there.
            FullError: there is no room; nothing has changed.
        """
        with self._opened(path.parent, os.O_RDONLY | os.O_DIRECTORY) as folder:
            temporary = f"{_TEMPORARY}{secrets.token_hex(8)}"
            try:
                _write_new(path, folder, temporary, chunks)
                with translated(path):
                    _put_in_place(path, folder, temporary, if_match)
                    return _entry(path.name, _status(folder, path.name))
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=folder)
                raise

    def make_folder(self, path: RelativePath) -> None:
        """Make a folder in one that is there.

        Raises:
            NotThereError: the folder that it is to be in is not there.
            ExistsError: something is there.
        """
        with self._opened(path.parent, os.O_RDONLY | os.O_DIRECTORY) as folder, translated(path):
            os.mkdir(path.name, _FOLDER_MODE, dir_fd=folder)
            os.fsync(folder)

    def move(self, source: RelativePath, target: RelativePath) -> None:
        """Move a file or folder to a path where nothing is.

        Raises:
            NotThereError: nothing is at the source, or the target's folder is not there.
            ExistsError: something is at the target.
            BadPathError: a folder would be moved into itself.
        """
        if not source.names or not target.names:
            raise BadPathError("An area itself is not moved: name a file or folder in it.")
        if target.names[: len(source.names)] == source.names:
            raise BadPathError(f"{source} is not moved into itself: name another place.")
        with (
            self._opened(source.parent, os.O_RDONLY | os.O_DIRECTORY) as old,
            self._opened(target.parent, os.O_RDONLY | os.O_DIRECTORY) as new,
            translated(target),
        ):
            _status(old, source.name)
            rename_without_replacing(old, source.name, new, target.name)
            os.fsync(new)
            os.fsync(old)

    @contextlib.contextmanager
    def _opened(self, path: RelativePath, flags: int) -> Iterator[int]:
        found = self._open(path, flags)
        try:
            yield found
        finally:
            os.close(found)

    def _open(self, path: RelativePath, flags: int) -> int:
        with translated(path):
            return open_beneath(self._root, str(path), flags)


def etag_of(status: os.stat_result) -> str:
    """Return what changes with a file: its inode, size and times to the nanosecond."""
    parts = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return "-".join(f"{part:x}" for part in parts)


def _entry(name: str, status: os.stat_result) -> Entry:
    kind = _kind(status.st_mode)
    size = status.st_size if kind is EntryKind.FILE else 0
    changed_at = datetime.fromtimestamp(status.st_mtime, UTC)
    return Entry(name, kind, size, changed_at, etag_of(status))


def _kind(mode: int) -> EntryKind:
    if stat.S_ISREG(mode):
        return EntryKind.FILE
    if stat.S_ISDIR(mode):
        return EntryKind.FOLDER
    return EntryKind.LINK if stat.S_ISLNK(mode) else EntryKind.OTHER


def _status(folder: int, name: str) -> os.stat_result:
    return os.stat(name, dir_fd=folder, follow_symlinks=False)


def _write_new(path: RelativePath, folder: int, name: str, chunks: Iterable[bytes]) -> None:
    """Write a new file to the disk; an error of the chunks themselves goes on to the caller."""
    with translated(path):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        made = os.open(name, flags, _FILE_MODE, dir_fd=folder)
    with os.fdopen(made, "wb", buffering=0) as file:
        for chunk in chunks:
            with translated(path):
                rest = memoryview(chunk)
                while rest:
                    rest = rest[file.write(rest) :]
        with translated(path):
            os.fsync(file.fileno())


def _put_in_place(path: RelativePath, folder: int, name: str, if_match: str | None) -> None:
    if if_match == "":
        rename_without_replacing(folder, name, folder, path.name)
    else:
        _check_unchanged(path, folder, if_match)
        os.rename(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)


def _check_unchanged(path: RelativePath, folder: int, if_match: str | None) -> None:
    try:
        status = _status(folder, path.name)
    except FileNotFoundError:
        if if_match:
            raise ChangedError(f"{path} is not there any more: load it anew.") from None
        return
    if stat.S_ISDIR(status.st_mode):
        raise ExistsError(f"{path} is a folder: choose another name.")
    if if_match is not None and etag_of(status) != if_match:
        raise ChangedError(f"{path} was changed meanwhile: load it anew.")


@contextlib.contextmanager
def translated(path: RelativePath) -> Iterator[None]:
    """Turn what the kernel says of a path into errors of the library."""
    try:
        yield
    except LibraryError:
        raise
    except OSError as error:
        raise _error(path, error) from error


_ERRORS: tuple[tuple[frozenset[int], type[LibraryError], str], ...] = (
    (frozenset({errno.ENOENT, errno.ENOTDIR}), NotThereError, "{path} is not there."),
    (
        frozenset({errno.EXDEV, errno.ELOOP}),
        RefusedFileError,
        "{path} leads out of the library: it is not opened.",
    ),
    (
        frozenset({errno.ENXIO, errno.ENODEV, errno.EACCES, errno.EPERM}),
        RefusedFileError,
        "{path} cannot be opened.",
    ),
    (
        frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.EISDIR}),
        ExistsError,
        "{path} is there already: choose another name.",
    ),
    (
        frozenset({errno.ENOSPC, errno.EDQUOT}),
        FullError,
        "There is no room left: remove files that nobody needs.",
    ),
    (frozenset({errno.ENAMETOOLONG}), BadPathError, "{path} is too long: shorten its names."),
)


def _error(path: RelativePath, error: OSError) -> LibraryError:
    for numbers, kind, text in _ERRORS:
        if error.errno in numbers:
            return kind(text.format(path=path))
    return LibraryError(f"{path} could not be opened: {error.strerror}.")
