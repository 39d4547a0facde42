"""One small file out of an archive that anybody may have made: FMUs and SSP packages are ZIP files.

Nothing is unpacked and no name in the archive becomes a path, so names such as ``../x`` do no harm.
"""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING

from twinhub_dtconfig.files import FileRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST_DIRECTORY = 4 * 2**20  # bytes that may be read to learn what an archive holds
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 1


@dataclass(frozen=True, slots=True)
class Archive:
    """The names in an archive, and the content of the files that were asked for."""

    names: tuple[str, ...]
    content: bytes


def read_member(path: Path, member: str, limit_bytes: int) -> Archive:
    """Return one file out of a ZIP archive, if it has at most so many bytes.

    Memory and time are bounded whatever the archive claims about itself.

    Raises:
        FileRefusedError: there is no such archive, or the file in it is missing, ambiguous,
            encrypted, damaged or too large.
    """
    with open_archive(path) as archive:
        names = tuple(archive.namelist())
        information = _find(archive, names, member)
        return Archive(names, _read(archive, information, limit_bytes))


@contextmanager
def unpacked(path: Path, member: str, limit_bytes: int) -> Iterator[Path]:
    """Unpack one file of an archive, if it has at most so many bytes, while it is needed.

    Raises:
        FileRefusedError: as in ``read_member``.
    """
    with open_archive(path) as archive, NamedTemporaryFile() as target:
        information = _find(archive, tuple(archive.namelist()), member)
        _check(information, limit_bytes)
        with _damage_refused(member), archive.open(information) as stream:
            shutil.copyfileobj(stream, target, 2**20)  # zipfile stops at the checked size
        target.flush()
        yield Path(target.name)


@contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a ZIP archive whose directory is not too large.

    Raises:
        FileRefusedError: there is no such file, or it is no archive, or it is damaged.
    """
    with _open_regular(path) as stream:
        budget = _Budget(stream, _LARGEST_DIRECTORY)
        try:
            archive = zipfile.ZipFile(budget)
        except _TooMuchError as error:
            raise FileRefusedError("has too many files in it") from error
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise FileRefusedError("is no ZIP archive, or is cut off") from error
        budget.left = None
        with archive:
            yield archive


@contextmanager
def _open_regular(path: Path) -> Iterator[IO[bytes]]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        is_absent = isinstance(error, FileNotFoundError | NotADirectoryError)
        raise FileRefusedError("does not exist" if is_absent else "cannot be opened") from error
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileRefusedError("is not a regular file")
        yield stream


def _find(archive: zipfile.ZipFile, names: tuple[str, ...], member: str) -> zipfile.ZipInfo:
    count = names.count(member)
    if count > 1:
        raise FileRefusedError(f"holds {member} {count} times")
    if count == 1:
        return archive.getinfo(member)
    deeper = [name for name in names if name.endswith(f"/{member}")]
    if deeper:
        folder = deeper[0].removesuffix(member)[:60]
        raise FileRefusedError(f"holds {member} in the folder {folder!r}, not at its top")
    raise FileRefusedError(f"holds no {member}")


def _read(archive: zipfile.ZipFile, information: zipfile.ZipInfo, limit_bytes: int) -> bytes:
    _check(information, limit_bytes)
    with _damage_refused(information.filename), archive.open(information) as stream:
        return stream.read(limit_bytes + 1)


def _check(information: zipfile.ZipInfo, limit_bytes: int) -> None:
    member = information.filename
    if information.flag_bits & _ENCRYPTED:
        raise FileRefusedError(f"holds an encrypted {member}")
    if information.compress_type not in _METHODS:
        raise FileRefusedError(f"holds {member} in a compression other than 'deflate'")
    if information.file_size > limit_bytes:
        size = f"{information.file_size:,} bytes; {limit_bytes:,} are allowed"
        raise FileRefusedError(f"holds {member} of {size}")


@contextmanager
def _damage_refused(member: str) -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
    ) as e:
        raise FileRefusedError(f"holds a damaged {member}") from e


class _TooMuchError(Exception):
    pass


class _Budget:
    """A stream that refuses to be read beyond a number of bytes; None for no limit."""

    def __init__(self, stream: IO[bytes], left: int | None) -> None:
        self._stream = stream
        self.left = left

    def read(self, size: int = -1) -> bytes:
        if self.left is None:
            return self._stream.read(size)
        content = self._stream.read(self.left + 1 if size < 0 else min(size, self.left + 1))
        self.left -= len(content)
        if self.left < 0:
            raise _TooMuchError
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True
