"""Zip archives piece by piece, sent while they are made: in no file, and in no more memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterable, Iterator

LARGE = 1 << 31
"""From here on a zip's entry says its size in 64 bits."""


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
