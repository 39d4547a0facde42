"""A file that nobody sees until it is whole.

It has no name while it is written (``O_TMPFILE``, open(2)), so that a killed server leaves nothing
behind; a file system that knows none gets a name that listings leave out. One that replaces another
has such a name as well, from when it is whole to its renaming: link(2) replaces nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import threading
from typing import TYPE_CHECKING, Self

from twinhub_kit.files.errors import ChangedError, ExistsError
from twinhub_kit.files.etags import etag_of
from twinhub_kit.files.kernel import translated
from twinhub_kit.files.renaming import rename_without_replacing

if TYPE_CHECKING:
    from twinhub_kit.files.paths import RelativePath

TEMPORARY = ".twinhub-"
"""Names that begin so are of what is being written, and left out of listings."""

_MODE = 0o644
_UNKNOWN = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL})
_REPLACING = threading.Lock()
"""Held from the look at an etag to the rename, so that of two writers who saw it one is refused."""


def make_temporary_name() -> str:
    """Return a name that listings leave out, and that nothing has."""
    return f"{TEMPORARY}{secrets.token_hex(8)}"


class NewFile:
    """A file to be, in an open folder; a context that throws away what was not put in place."""

    def __init__(self, folder: int, path: RelativePath, *, mode: int = _MODE) -> None:
        """Begin a file in a folder whose descriptor it takes and closes; ``path`` is for messages.

        Raises:
            FileError: the folder takes no file, see `translated`.
        """
        self._folder, self._path, self._mode = folder, path, mode
        self._name = ""
        self.size = 0
        """Bytes so far."""
        try:
            with translated(path):
                self.descriptor = self._make()
        except BaseException:
            os.close(folder)
            raise

    def _make(self) -> int:
        flags = os.O_RDWR | os.O_CLOEXEC
        try:
            return os.open(".", flags | os.O_TMPFILE, self._mode, dir_fd=self._folder)
        except OSError as error:
            if error.errno not in _UNKNOWN:
                raise
        self._name = make_temporary_name()
        made = flags | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        return os.open(self._name, made, self._mode, dir_fd=self._folder)

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Append to it.

        Raises:
            FullError: there is no room.
        """
        rest = memoryview(chunk)
        with translated(self._path):
            while rest:
                written = os.write(self.descriptor, rest)
                self.size += written
                rest = rest[written:]

    def put_in_place(self, *, if_match: str | None = None) -> os.stat_result:
        """Give it its name, in place of what was there, and return its status.

        ``if_match`` is the etag that the old file must have; ``""`` says that there must be none.

        Raises:
            ChangedError: another file is there than ``if_match`` says.
            ExistsError: a folder is there, or anything with ``if_match=""``.
            FullError: there is no room; nothing has changed.
        """
        with translated(self._path):
            os.fsync(self.descriptor)
            if if_match == "":
                self._name_without_replacing()
            else:
                with _REPLACING:
                    self._replace(if_match)
            os.fsync(self._folder)
            return os.stat(self._path.name, dir_fd=self._folder, follow_symlinks=False)

    def _name_without_replacing(self) -> None:
        if self._name:
            rename_without_replacing(self._folder, self._name, self._folder, self._path.name)
            self._name = ""
        else:
            self._link(self._path.name)

    def _replace(self, if_match: str | None) -> None:
        _check_unchanged(self._path, self._folder, if_match)
        if not self._name:
            name = make_temporary_name()
            self._link(name)
            self._name = name
        os.rename(self._name, self._path.name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        self._name = ""

    def _link(self, name: str) -> None:
        """Name what has none: the way by /proc needs no right beyond the folder's (open(2))."""
        source = f"/proc/self/fd/{self.descriptor}"
        os.link(source, name, dst_dir_fd=self._folder, follow_symlinks=True)

    def close(self) -> None:
        """Close it; what was not put in place is gone."""
        if self._name:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._name, dir_fd=self._folder)
        os.close(self.descriptor)
        os.close(self._folder)

    def __enter__(self) -> Self:
        """Return the file."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def _check_unchanged(path: RelativePath, folder: int, if_match: str | None) -> None:
    try:
        status = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        if if_match:
            raise ChangedError(f"{path} is not there any more: load it anew.") from None
        return
    if stat.S_ISDIR(status.st_mode):
        raise ExistsError(f"{path} is a folder: choose another name.")
    if if_match is not None and etag_of(status) != if_match:
        raise ChangedError(f"{path} was changed meanwhile: load it anew.")


def place(old: int, name: str, new: int, path: RelativePath, if_match: str | None) -> None:
    """Rename a whole file between open folders, in place of what was there; see `NewFile`.

    Raises:
        OSError: what rename(2) says.
        ChangedError: another file is there than ``if_match`` says.
        ExistsError: a folder is there.
    """
    if if_match == "":
        rename_without_replacing(old, name, new, path.name)
    else:
        with _REPLACING:
            _check_unchanged(path, new, if_match)
            os.rename(name, path.name, src_dir_fd=old, dst_dir_fd=new)
    os.fsync(new)
    os.fsync(old)
