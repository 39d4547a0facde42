"""What is in an open folder, as one digest or, without reading, as one signature."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from typing import TYPE_CHECKING

from twinhub_kit.files.copying import find_content
from twinhub_kit.files.errors import ChangedError, RefusedFileError
from twinhub_kit.files.walking import walk

if TYPE_CHECKING:
    from twinhub_kit.files.walking import Found

_CHUNK = 1 << 20
_BLOCK = 512
MOST_HOLES = 4 << 30
"""Bytes of the files of one folder that nobody has written: they take time, and no room."""


class Holes:
    """How much more may be read of files that nobody has written into them."""

    def __init__(self) -> None:
        """Begin with all that one folder may have."""
        self._left = MOST_HOLES

    def take(self, descriptor: int, path: str) -> None:
        """Count the holes of an open file, which is to be read as a whole.

        Raises:
            RefusedFileError: with those before there are too many.
        """
        status = os.fstat(descriptor)
        if status.st_blocks * _BLOCK >= status.st_size:
            return
        written = sum(end - start for start, end in find_content(descriptor, status.st_size))
        self._left -= status.st_size - written
        if self._left < 0:
            raise RefusedFileError(f"{path} is large, and mostly holes: write it as it is to be.")


def digest_of_file(descriptor: int) -> str:
    """Return the SHA-256 of an open file's content, from its beginning; it is left open."""
    digest = hashlib.sha256()
    at = 0
    while chunk := os.pread(descriptor, _CHUNK, at):
        digest.update(chunk)
        at += len(chunk)
    return digest.hexdigest()


def digest_of_folder(folder: int) -> str:
    r"""Return a SHA-256 over all in an open folder: names, links, content, what may be run.

    It is that of one line for each name, in the order of walking: ``<path>/\n`` of a folder,
    ``<path>\0l\0<target>\n`` of a link, ``<path>\0x\0<SHA-256>\n`` of a file that may be run, with
    ``-`` in place of ``x`` of one that may not.

    Raises:
        RefusedFileError: a device, a pipe or a socket is there, it is too deep, or mostly holes.
        ChangedError: somebody exchanges what is in it.
    """
    digest, holes = hashlib.sha256(), Holes()
    for found in walk(folder):
        digest.update(os.fsencode(found.path) + _line(found, holes))
    return digest.hexdigest()


def signature_of_folder(folder: int) -> str:
    """Return what changes when something in an open folder does, by sizes, times and inodes.

    Raises:
        RefusedFileError: it is too deep.
    """
    digest = hashlib.sha256()
    for found in walk(folder):
        status = found.status
        kind = stat.S_IFMT(status.st_mode) | status.st_mode & stat.S_IXUSR
        size = 0 if found.is_folder else status.st_size
        when = 0 if found.is_folder else status.st_mtime_ns
        line = f"\0{kind:o}\0{size}\0{when}\0{status.st_ino}\n"
        digest.update(os.fsencode(found.path) + line.encode())
    return digest.hexdigest()


def _line(found: Found, holes: Holes) -> bytes:
    if found.is_folder:
        return b"/\n"
    if stat.S_ISLNK(found.status.st_mode):
        return b"\0l\0" + _goal(found) + b"\n"
    descriptor = found.open_file()
    if descriptor is None:
        raise RefusedFileError(f"{found.path} is no file with content: remove it first.")
    try:
        holes.take(descriptor, found.path)
        mark = b"x" if os.fstat(descriptor).st_mode & stat.S_IXUSR else b"-"
        return b"\0" + mark + b"\0" + digest_of_file(descriptor).encode() + b"\n"
    finally:
        os.close(descriptor)


def _goal(found: Found) -> bytes:
    try:
        return os.readlink(os.fsencode(found.names[-1]), dir_fd=found.folder)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.EINVAL}:  # gone, or no link any more
            raise ChangedError(f"{found.path} changed while it was read: try again.") from error
        raise
