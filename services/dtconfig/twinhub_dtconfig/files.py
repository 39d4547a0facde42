"""Reads of whole regular files that cannot hang and cannot fill the memory."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class FileRefusedError(Exception):
    """The file cannot be used; the text completes the sentence “the file …”."""


@dataclass(frozen=True, slots=True)
class RegularFile:
    """What a regular file held when it was read, and its permission bits."""

    content: bytes
    mode: int


def read_regular_file(path: Path, limit_bytes: int) -> RegularFile:
    """Return the content of a regular file of at most so many bytes; links are followed.

    A pipe or a device is refused without waiting for it, a large file without reading it.

    Raises:
        FileRefusedError: there is no such file, or it is no regular file, too large or unreadable.
    """
    try:
        descriptor = os.open(path, _READING)
    except (OSError, ValueError) as error:
        raise FileRefusedError(_plain_reason(error)) from error
    return _read(descriptor, limit_bytes)


def read_file_inside(folder: Path, path: str, limit_bytes: int) -> RegularFile:
    """Return the content of a regular file below a folder; no link is followed out of it.

    Raises:
        FileRefusedError: as in ``read_regular_file``, or the file is not in the folder.
    """
    return _read(open_inside(folder, path), limit_bytes)


def open_inside(folder: Path, path: str) -> int:
    """Return a descriptor to read what a path below a folder leads to; the caller closes it.

    Links are followed within the folder. What changes meanwhile cannot lead out of it.

    Raises:
        FileRefusedError: it is not there, not in the folder, or cannot be opened.
    """
    try:
        root = os.path.realpath(folder)
        parts = Path(os.path.relpath(os.path.realpath(folder / path, strict=True), root)).parts
        if parts[:1] == (os.pardir,):
            raise FileRefusedError("is a link that leads out of the folder")
        descriptor = os.open(root, _READING | os.O_DIRECTORY)
        for at, part in enumerate(parts, start=1):
            is_folder = os.O_DIRECTORY if at < len(parts) else 0
            try:
                inner = os.open(part, _READING | os.O_NOFOLLOW | is_folder, dir_fd=descriptor)
            finally:
                os.close(descriptor)
            descriptor = inner
    except (OSError, ValueError) as error:
        raise FileRefusedError(_plain_reason(error)) from error
    return descriptor


def _read(descriptor: int, limit_bytes: int) -> RegularFile:
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, a socket or a device"
            raise FileRefusedError(f"is {kind}, not a regular file")
        if status.st_size > limit_bytes:
            raise FileRefusedError(f"has {status.st_size:,} bytes; {limit_bytes:,} are allowed")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            content = stream.read(limit_bytes + 1)
    except OSError as error:  # a disk that fails, or a file that the kernel makes up
        raise FileRefusedError(_plain_reason(error)) from error
    finally:
        os.close(descriptor)
    if len(content) > limit_bytes:  # it has grown since, or the kernel makes it up as in /proc
        raise FileRefusedError(f"has more than {limit_bytes:,} bytes")
    return RegularFile(content, stat.S_IMODE(status.st_mode))


def _plain_reason(error: OSError | ValueError) -> str:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return "does not exist"
        case PermissionError():
            return "cannot be read: permission denied"
        case OSError():
            return f"cannot be read: {(error.strerror or 'unknown reason').lower()}"
        case UnicodeEncodeError():
            return "cannot exist: its name holds half a character"
        case _:
            return "cannot exist: its name holds a NUL character"
