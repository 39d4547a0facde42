"""Reads of whole regular files that cannot hang and cannot fill the memory."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


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
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise FileRefusedError(_plain_reason(error)) from error
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
