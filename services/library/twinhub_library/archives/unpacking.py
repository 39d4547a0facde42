"""An archive as a new folder: all of it within the limits, or nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from twinhub_kit.files.errors import BadPathError
from twinhub_kit.files.newfile import TEMPORARY
from twinhub_kit.files.paths import RelativePath

from twinhub_library.archives.reading import read_archive
from twinhub_library.errors import BadArchiveError, TooMuchError
from twinhub_library.opened import OpenFolder
from twinhub_library.room import CHECKED_EACH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twinhub_library.archives.reading import ArchiveEntry
    from twinhub_library.room import Limits

_RATIO_FROM = 10 << 20
"""Below so many bytes no archive is a bomb, however well it is packed."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


@dataclass
class _Counter:
    """How much there is so far, and no further."""

    limits: Limits
    packed: int
    check: Callable[[int], None]
    entries: int = 0
    size: int = 0
    _allowed: int = 0

    def add_entry(self, entry: ArchiveEntry) -> None:
        """Count an entry by what it says of itself."""
        self.entries += 1
        if self.entries > self.limits.most_entries:
            raise TooMuchError(
                f"An archive has at most {self.limits.most_entries:,} files and folders: divide it."
            )
        self._check_size(self.size + entry.size)

    def add(self, size: int) -> None:
        """Count content."""
        self.size += size
        self._check_size(self.size)
        if self.size > self._allowed:
            self.check(CHECKED_EACH)
            self._allowed = self.size + CHECKED_EACH

    def _check_size(self, size: int) -> None:
        if size > self.limits.most_unpacked:
            raise TooMuchError(
                f"An archive holds at most {self.limits.most_unpacked:,} bytes: divide it."
            )
        if size > _RATIO_FROM and size > self.packed * self.limits.most_ratio:
            raise TooMuchError(
                f"What is in the archive is more than {self.limits.most_ratio} times as large as "
                "the archive: it is taken for a bomb. Send the files themselves."
            )


def unpack(
    file: IO[bytes], folder: int, limits: Limits, check: Callable[[int], None] = lambda _: None
) -> tuple[int, int]:
    """Put what an archive holds into an open, empty folder; return entries and bytes.

    A list of entries is checked as a whole before the first is written where the archive has one
    (zip); else each entry is before it is. ``check`` is called with bytes to come, and may raise.

    Raises:
        BadArchiveError: it is none, is broken, or an entry leads elsewhere or is there twice.
        TooMuchError: it holds more than the limits allow.
    """
    packed = file.seek(0, 2)
    for _ in _checked(file, limits, packed) if _has_list(file) else ():
        pass
    counter = _Counter(limits, packed, check)
    with OpenFolder(os.dup(folder), is_lazy=True) as target:
        for entry in read_archive(file, most_entries=limits.most_entries):
            counter.add_entry(entry)
            path = _path(entry, limits)
            if path is not None:
                _put(entry, path, target, counter)
    return counter.entries, counter.size


def _has_list(file: IO[bytes]) -> bool:
    file.seek(0)
    return file.read(2) == b"PK"


def _checked(file: IO[bytes], limits: Limits, packed: int) -> Iterator[ArchiveEntry]:
    counter = _Counter(limits, packed, check=lambda _: None)
    for entry in read_archive(file, most_entries=limits.most_entries):
        counter.add_entry(entry)
        counter.size += entry.size
        _path(entry, limits)
        yield entry


def _path(entry: ArchiveEntry, limits: Limits) -> str | None:
    """Return where an entry goes; None for the folder itself.

    Raises:
        BadArchiveError: its name leads elsewhere, or no file can have it.
        TooMuchError: it lies too deep.
    """
    try:
        path = RelativePath.parse(entry.name.replace("\\", "/"))  # as Windows writes them
    except BadPathError as error:
        raise BadArchiveError(f"An entry of the archive has a bad name. {error}") from error
    if len(path.names) > limits.deepest:
        raise TooMuchError(
            f"Folders in an archive lie in each other {limits.deepest} deep at most: flatten them."
        )
    if any(name.startswith(TEMPORARY) for name in path.names):
        raise BadArchiveError(f"Names that begin with {TEMPORARY} are the library's own.")
    return "/".join(path.names) or None


def _put(entry: ArchiveEntry, path: str, target: OpenFolder, counter: _Counter) -> None:
    try:
        if entry.is_folder:
            target.make_folders(path)
            return
        target.make_folders(path.rpartition("/")[0])
        file = target.open(path, _NEW, mode=0o755 if entry.is_executable else 0o644)
    except (FileExistsError, NotADirectoryError) as error:
        raise BadArchiveError(f"{path} is in the archive twice: leave one out.") from error
    try:
        for chunk in entry.chunks():
            counter.add(len(chunk))
            _write(file, chunk)
    finally:
        os.close(file)


def _write(file: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(file, rest) :]
