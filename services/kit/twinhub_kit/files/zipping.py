"""Zip archives piece by piece, sent while they are made: in no file, and in no more memory."""

from __future__ import annotations

import struct
import zipfile
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LARGE = 1 << 31
"""From here on a zip's entry says its size in 64 bits."""
_END, _LARGE_END_PLACE = b"PK\x05\x06", b"PK\x06\x07"
_LARGE_END_LENGTH = 20
_TAIL = 22 + (1 << 16)


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


def find_list_size(file: IO[bytes]) -> int:
    """Return how long a zip says that its list of entries is, before it is read into memory.

    Raises:
        BadZipFile: it has no end.
        struct.error: it is cut off.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL - 76))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise zipfile.BadZipFile("its end is missing")
    (length,) = struct.unpack_from("<L", tail, at + 12)
    if tail[max(0, at - _LARGE_END_LENGTH) : at].startswith(_LARGE_END_PLACE):
        (place,) = struct.unpack_from("<Q", tail, at - _LARGE_END_LENGTH + 8)
        file.seek(place)
        large = file.read(56)
        (length,) = struct.unpack_from("<Q", large, 40)
    return int(length)
