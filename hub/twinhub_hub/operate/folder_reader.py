"""Reads a folder that others write in at the same time, as members of a tar; changes nothing.

Standard library only: for the folders of this host it runs in the process of `twinhub backup`, for
a volume its source runs in a container. No symbolic link is followed, so nobody can make it read
what lies elsewhere.
"""

from __future__ import annotations

import errno
import io
import json
import os
import stat
import sys
import tarfile
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    Add = Callable[[tarfile.TarInfo, IO[bytes] | None], None]
    Note = Callable[[str, str, str], None]

SKIPPED, CHANGED, LOST = "skipped", "changed", "lost"
"""Kinds of notes: no content to keep; read while it was being written; could not be read."""

DONE = "done"
"""The last note of a container: all has been read."""

TOP = "home"
"""What a container calls the folder that it reads."""

MOST_HOLES = 2**30
"""Bytes of one user's files that take no place on the disk and are written out all the same."""

_BLOCK_BYTES = 512  # of `st_blocks`, whatever the file system's own are
_WHOLE_BYTES = 16 * 2**20
_TRIES = 5
_DEEPEST = 200
_SAFE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FLAGS = {stat.S_IFREG: _SAFE, stat.S_IFDIR: _SAFE | os.O_DIRECTORY}
_MODES = {stat.S_IFREG: 0o1777, stat.S_IFDIR: 0o3777, stat.S_IFLNK: 0o777}
_TYPES = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
}


class FolderReader:
    """Hands every member to ``add``, folders before what is in them, and what is odd to ``note``.

    Files up to 16 MiB are read again until nothing changed meanwhile; larger ones are taken at the
    size that they had at first. A file can be longer than any disk and take no place on its own,
    since it has holes: beyond `MOST_HOLES` it is noted as lost, see docs/decisions/0022.
    """

    def __init__(self, *, add: Add, note: Note) -> None:
        """Take who gets members, and who gets notes as (kind, name, why)."""
        self._add, self.note = add, note
        self._holes_left = MOST_HOLES
        self._users_at = 0
        self._left_out: frozenset[str] = frozenset()

    def read(
        self, root: str, name: str, *, users_at: int = 0, leave_out: Collection[str] = ()
    ) -> None:
        """Read a folder; its members are called ``name`` and ``name/…``.

        ``users_at`` is 0 for a folder of one user, 1 for one that has a folder for each user.
        ``leave_out`` names members that are passed over, with all that is in them.
        """
        self._users_at, self._holes_left = users_at, MOST_HOLES
        self._left_out = frozenset(leave_out)
        descriptor = os.open(root, _FLAGS[stat.S_IFDIR] & ~os.O_NOFOLLOW)
        try:
            self._read_folder(descriptor, name, depth=0)
        finally:
            os.close(descriptor)

    def read_file(self, path: str, name: str) -> None:
        """Read one file, even through a symbolic link."""
        descriptor = os.open(path, _SAFE & ~os.O_NOFOLLOW)
        try:
            self._read_file(descriptor, name)
        finally:
            os.close(descriptor)

    def _read_folder(self, folder: int, name: str, *, depth: int) -> None:
        self._add(_member(name, os.fstat(folder)), None)
        for child in sorted(os.listdir(folder)):
            self._read_child(folder, child, name=f"{name}/{child}", depth=depth + 1)

    def _read_child(self, folder: int, child: str, *, name: str, depth: int) -> None:
        if name in self._left_out:
            return
        if depth == self._users_at:
            self._holes_left = MOST_HOLES
        try:
            found = os.stat(child, dir_fd=folder, follow_symlinks=False)
            kind = stat.S_IFMT(found.st_mode)
            if kind not in _TYPES:
                self.note(SKIPPED, name, "a socket, pipe or device")
                return
            target = os.readlink(child, dir_fd=folder) if kind == stat.S_IFLNK else ""
            descriptor = -1 if target else os.open(child, _FLAGS[kind], dir_fd=folder)
        except FileNotFoundError:  # removed meanwhile
            return
        except OSError as error:
            self.note(LOST, name, error.strerror or str(error))
            return
        if target:
            self._add(_member(name, found, target), None)
            return
        try:
            self._read_open(descriptor, name, depth=depth)
        finally:
            os.close(descriptor)

    def _read_open(self, descriptor: int, name: str, *, depth: int) -> None:
        kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
        if kind == stat.S_IFREG:
            self._read_file(descriptor, name)
        elif depth > _DEEPEST:
            self.note(LOST, name, f"deeper than {_DEEPEST} folders")
        else:
            self._read_folder(descriptor, name, depth=depth)

    def _read_file(self, descriptor: int, name: str) -> None:
        before = os.fstat(descriptor)
        holes = _holes(descriptor, before)
        if holes > self._holes_left:
            self.note(LOST, name, f"{_gib(holes)} of it are holes, too many: remove or shorten it")
            return
        self._holes_left -= holes
        with open(descriptor, "rb", buffering=0, closefd=False) as file:
            if before.st_size > _WHOLE_BYTES:
                self._add(_member(name, before), io.BufferedReader(_Padded(file)))
                is_same = _is_same(before, os.fstat(descriptor))
            else:
                before, content, is_same = _read_whole(file)
                member = _member(name, before)
                member.size = len(content)
                self._add(member, io.BytesIO(content))
        if not is_same:
            self.note(CHANGED, name, "written while it was read")


def _read_whole(file: io.FileIO) -> tuple[os.stat_result, bytes, bool]:
    """Return a file's state, its content, and whether the two belong together."""
    for _ in range(_TRIES):
        before = os.fstat(file.fileno())
        content = _read_beginning(file, min(before.st_size, _WHOLE_BYTES))
        if len(content) == before.st_size and _is_same(before, os.fstat(file.fileno())):
            return before, content, True
    return before, content[: before.st_size], False


def _read_beginning(file: io.FileIO, size: int) -> bytes:
    content = b""
    file.seek(0)
    while len(content) < size and (chunk := file.read(size - len(content))):
        content += chunk
    return content


def _holes(descriptor: int, found: os.stat_result) -> int:
    """Return how many bytes of a file read as zeros and are nowhere on the disk."""
    size, data, at = found.st_size, 0, 0
    if found.st_blocks * _BLOCK_BYTES >= size:
        return 0
    try:
        while at < size:  # a file system that compresses has few blocks and no holes
            start = min(size, os.lseek(descriptor, at, os.SEEK_DATA))
            at = min(size, os.lseek(descriptor, start, os.SEEK_HOLE))
            data += at - start
    except OSError as error:
        if error.errno != errno.ENXIO:  # no data from there on
            raise
    os.lseek(descriptor, 0, os.SEEK_SET)
    return size - data


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"


def _is_same(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


class _Padded(io.RawIOBase):
    """A file that has zeros where it ends too early."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - as its parent has it
        count = self._file.readinto(buffer) or 0
        buffer[count:] = bytes(len(buffer) - count)
        return len(buffer)


def _member(name: str, found: os.stat_result, target: str = "") -> tarfile.TarInfo:
    kind = stat.S_IFMT(found.st_mode)
    member = tarfile.TarInfo(name)
    member.type, member.linkname = _TYPES[kind], target
    member.mode = found.st_mode & _MODES[kind]
    member.uid, member.gid, member.mtime = found.st_uid, found.st_gid, max(0, int(found.st_mtime))
    member.size = found.st_size if kind == stat.S_IFREG else 0
    return member


def forget_members(tar: tarfile.TarFile) -> None:
    """Drop what tarfile keeps of every member that it has read or written."""
    tar.members.clear()  # type: ignore[attr-defined]


def main(folder: str) -> None:
    """Write a folder to the standard output as a tar, and the notes as JSON lines to the other."""

    def note(kind: str, name: str, why: str) -> None:
        sys.stderr.write(json.dumps([kind, name, why]) + "\n")

    def add(member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
        tar.addfile(member, content)
        forget_members(tar)

    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        FolderReader(add=add, note=note).read(folder, TOP)
    sys.stdout.buffer.flush()
    note(DONE, "", "")


if __name__ == "__main__":
    main(sys.argv[1])
