"""A folder as zip or tar, piece by piece: no temporary file, and no more memory than names need.

Links and what is no file stay out, and what `.twinignore` names. Each file is as long as it was
when its turn came: what is appended meanwhile is left, what is cut off is filled with zeros.
"""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

from twinhub_kit.files.walking import walk
from twinhub_kit.files.zipping import Sink, pack_entry

from twinhub_library.ignoring import walk_kept
from twinhub_library.moments import moment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twinhub_kit.files.walking import Found

_READ = 1 << 20
_BLOCK, _RECORD = tarfile.BLOCKSIZE, tarfile.RECORDSIZE
_FASTEST = 1
_PACKED = frozenset(
    {
        "zip", "fmu", "gz", "bz2", "xz", "zst", "7z", "png", "jpg", "jpeg", "webp", "mp4", "webm",
        "parquet", "whl", "jar", "pdf", "docx", "xlsx", "pptx",
    }
)  # fmt: skip
"""What is not packed a second time."""


def pack_zip(opening: Callable[[], int], name: str, *, everything: bool = False) -> Iterator[bytes]:
    """Yield a folder as a zip, below a name; ``opening`` opens it when the first is asked for."""
    sink = Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=_FASTEST) as archive:  # type: ignore[call-overload]
        for found, file in _contents(opening, everything=everything):
            about = _zip_about(found, name)
            if file is None:
                archive.writestr(about, b"")
                continue
            size = found.status.st_size
            yield from pack_entry(archive, sink, about, _read(file, size), size)
    yield sink.take()


def pack_tar(opening: Callable[[], int], name: str, *, everything: bool = False) -> Iterator[bytes]:
    """Yield a folder as a tar (POSIX pax, names in UTF-8), below a name."""
    size = 0
    for found, file in _contents(opening, everything=everything):
        head = _tar_about(found, name)
        size += len(head)
        yield head
        if file is not None:
            yield from _read(file, found.status.st_size)
            size += found.status.st_size
            yield b"\0" * (-found.status.st_size % _BLOCK)
            size += -found.status.st_size % _BLOCK
    yield b"\0" * (2 * _BLOCK + -(size + 2 * _BLOCK) % _RECORD)


def _contents(
    opening: Callable[[], int], *, everything: bool
) -> Iterator[tuple[Found, int | None]]:
    """Yield folders, and files with a descriptor that is open until the next is asked for."""
    folder = opening()
    try:
        for found in walk(folder) if everything else walk_kept(folder):
            if found.is_folder:
                yield found, None
            elif found.is_file and (file := found.open_file()) is not None:
                try:
                    yield found, file
                finally:
                    os.close(file)
    finally:
        os.close(folder)


def _read(file: int, size: int) -> Iterator[bytes]:
    at = 0
    while at < size:
        chunk = os.pread(file, min(_READ, size - at), at) or b"\0" * min(_READ, size - at)
        at += len(chunk)
        yield chunk


def _name(found: Found, name: str) -> str:
    """Return the name in the archive: text, whatever bytes are on the disk."""
    path = f"{name}/{found.path}" if name else found.path
    return os.fsencode(path).decode("utf-8", "replace")


def _zip_about(found: Found, name: str) -> zipfile.ZipInfo:
    changed = moment_of(found.status.st_mtime_ns)
    year = min(max(changed.year, 1980), 2107)  # all that a zip can say
    about = zipfile.ZipInfo(
        _name(found, name) + ("/" if found.is_folder else ""), (year, *changed.timetuple()[1:6])
    )
    about.external_attr = found.status.st_mode << 16 | (0x10 if found.is_folder else 0)
    is_packed = found.path.rpartition(".")[2].lower() in _PACKED
    about.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
    about.file_size = found.status.st_size if found.is_file else 0
    return about


def _tar_about(found: Found, name: str) -> bytes:
    about = tarfile.TarInfo(_name(found, name))
    about.type = tarfile.DIRTYPE if found.is_folder else tarfile.REGTYPE
    about.size = found.status.st_size if found.is_file else 0
    about.mode = stat.S_IMODE(found.status.st_mode)
    about.mtime = int(found.status.st_mtime)
    return about.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
