"""What is in an archive, entry by entry: zip, and tar plain, gzipped or by bzip2.

Nothing of an archive is believed: an entry says its size before it is read, and what it takes to
read its description is bounded as well. Links, devices and pipes are refused, not left out.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from twinhub_kit.files.zipping import LongListError, open_zip

from twinhub_library.errors import BadArchiveError, TooMuchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_READ = 1 << 20
_MOST_DESCRIPTION = 16 << 20
"""Bytes that describe one entry of a tar."""
_END = b"PK\x05\x06"
_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, lzma.LZMAError, OSError,
    NotImplementedError, RuntimeError, struct.error, ValueError, OverflowError,
)  # fmt: skip
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """A file or folder of an archive."""

    name: str
    """As the archive has it: nothing is checked."""
    is_folder: bool
    size: int
    is_executable: bool
    chunks: Callable[[], Iterator[bytes]]
    """To be called before the next entry is asked for."""


def read_archive(file: IO[bytes], *, most_entries: int) -> Iterator[ArchiveEntry]:
    """Yield what is in an archive, which is found out from its content.

    Raises:
        BadArchiveError: it is none, it is broken, or an entry is neither file nor folder.
        TooMuchError: its list alone is too long.
    """
    file.seek(0)
    start = file.read(8)
    file.seek(0)
    with _translated():
        if start.startswith((b"PK\x03\x04", _END)):
            yield from _read_zip(file, most_entries)
        elif start.startswith(b"\x1f\x8b"):
            yield from _read_tar(gzip.GzipFile(fileobj=file))
        elif start.startswith(b"BZh"):
            yield from _read_tar(bz2.BZ2File(file))
        else:
            yield from _read_tar(file)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise BadArchiveError(
            f"This is no zip, tar, tar.gz or tar.bz2, or it is broken: {error}."
        ) from error


def _read_zip(file: IO[bytes], most_entries: int) -> Iterator[ArchiveEntry]:
    try:
        opened = open_zip(file, most_entries=most_entries)
    except LongListError as error:
        what = f"An archive has at most {most_entries:,} files: divide it."
        raise TooMuchError(what) from error
    with opened as archive:
        for about in archive.infolist():
            mode = about.external_attr >> 16
            if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise BadArchiveError(f"{about.filename} is no file or folder: leave it out.")
            if about.flag_bits & _ENCRYPTED:
                raise BadArchiveError(f"{about.filename} is encrypted: pack it without a password.")

            def chunks(about: zipfile.ZipInfo = about) -> Iterator[bytes]:
                with archive.open(about) as content:
                    yield from _pieces(content)

            yield ArchiveEntry(
                about.filename, about.is_dir(), about.file_size,
                bool(mode & stat.S_IXUSR), chunks,
            )  # fmt: skip


class _Bounded:
    """A file that `tarfile` reads from, with a bound on what it takes to describe one entry."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.described = 0
        """Bytes read since the last entry."""
        self.is_content = False

    def read(self, size: int = -1) -> bytes:
        """Read no more than is allowed."""
        if not self.is_content:
            self.described += size if size >= 0 else _MOST_DESCRIPTION + 1
            if self.described > _MOST_DESCRIPTION:
                raise TooMuchError("An entry of the archive has a description that is too long.")
        return self._file.read(size)

    def seek(self, place: int) -> int:
        """Go to a place, forward where it is compressed."""
        return self._file.seek(place)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()


def _read_tar(file: IO[bytes] | gzip.GzipFile | bz2.BZ2File) -> Iterator[ArchiveEntry]:
    bounded = _Bounded(file)  # type: ignore[arg-type]
    with tarfile.open(fileobj=bounded, mode="r:") as archive:  # type: ignore[call-overload]
        while (about := archive.next()) is not None:
            archive.members.clear()  # else it remembers each
            bounded.described = 0
            if not (about.isreg() or about.isdir()) or about.issparse():
                raise BadArchiveError(f"{about.name} is no plain file or folder: leave it out.")

            def chunks(about: tarfile.TarInfo = about) -> Iterator[bytes]:
                content = archive.extractfile(about)
                bounded.is_content = True
                try:
                    yield from _pieces(content) if content else ()
                finally:
                    bounded.is_content = False

            yield ArchiveEntry(
                about.name, about.isdir(), about.size, bool(about.mode & stat.S_IXUSR), chunks
            )
        bounded.seek(archive.offset)
        if bounded.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("it is cut off")


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    with _translated():
        while chunk := content.read(_READ):
            yield chunk
