"""Zip archives piece by piece, sent while they are made: in no file, and in no more memory."""

from __future__ import annotations

import zipfile
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LARGE = 1 << 31
"""From here on a zip's entry says its size in 64 bits."""
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENTRY = b"PK\x01\x02"
"""Begins each entry of the list."""
_MOST_OF_AN_ENTRY = 1 << 10
"""Bytes of the list for each entry that is allowed, on an average."""
_MOST_IN_A_TAIL = (1 << 16) // 46
"""Entries that are read twice where a comment follows the list."""


class Sink:
    """What `zipfile` writes to: it goes out as soon as it can."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._chunks: list[bytes] = []

    def write(self, chunk: bytes) -> int:
        """Take a chunk."""
        self._chunks.append(bytes(chunk))
        return len(chunk)

    def flush(self) -> None:
        """Do nothing: what is here is taken by `take`."""

    def take(self) -> bytes:
        """Return what is here, and forget it."""
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)


def pack_entry(
    archive: zipfile.ZipFile, sink: Sink, about: zipfile.ZipInfo, chunks: Iterable[bytes], size: int
) -> Iterator[bytes]:
    """Add an entry of so many bytes to an archive in a sink; yield what the sink has by then."""
    with archive.open(about, "w", force_zip64=size >= LARGE) as entry:
        for chunk in chunks:
            entry.write(chunk)
            if out := sink.take():
                yield out
    if out := sink.take():
        yield out


class LongListError(Exception):
    """An archive has more entries than are read."""


class _Listed:
    """A file that a zip is read from, with a bound on its list of entries."""

    def __init__(self, file: IO[bytes], most_entries: int) -> None:
        self._file, self._left = file, most_entries + _MOST_IN_A_TAIL
        self._most_bytes = most_entries * _MOST_OF_AN_ENTRY
        self.is_listed = False
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Read, and count the entries as long as it is the list that is read."""
        if self.is_listed:
            return self._file.read(size)
        if size > self._most_bytes:
            raise LongListError
        content = self._file.read(size)
        self._left -= content.count(_ENTRY)
        if self._left < 0:
            raise LongListError
        return content


def open_zip(file: IO[bytes], *, most_entries: int) -> zipfile.ZipFile:
    """Return an archive whose list was found to be short before it was read into objects.

    Its entries are plain or deflated: of what is compressed otherwise `zipfile` unpacks more than
    it is asked for, gigabytes of a kilobyte.

    Raises:
        LongListError: it has more entries, or very long names.
        BadZipFile: it is none, or has an entry that is compressed otherwise.
        struct.error: it is cut off.
    """
    listed = _Listed(file, most_entries)
    archive = zipfile.ZipFile(listed)
    listed.is_listed = True
    for about in archive.infolist():
        if about.compress_type not in _METHODS:
            archive.close()
            raise zipfile.BadZipFile(f"{about.filename} is neither plain nor deflated")
    return archive
