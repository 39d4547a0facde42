"""An open folder of the library, and what is in it: nothing is reached through a link.

`Tree.open_folder` hands it out. Where content moves between people, their links are not followed at
all: one that stays inside the library still leads to what is somebody else's.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from twinhub_kit.files.beneath import open_beneath
from twinhub_kit.files.errors import RefusedFileError
from twinhub_kit.files.renaming import exchange, rename_without_replacing, sync_file_system

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

CHUNK = 1 << 20
MOST_FOUND = 500_000
MOST_DEEP = 64
TEMPORARY = ".twinhub-"
"""What names begin with that are in the middle of being written; nobody is shown them."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EXDEV})
_NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})


@dataclass(frozen=True, slots=True)
class Found:
    """One name in a folder or deeper in it."""

    path: str
    status: os.stat_result

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.status.st_mode)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_executable(self) -> bool:
        """Whether its owner may run it."""
        return bool(self.status.st_mode & stat.S_IXUSR)


class OpenFolder:
    """A folder that is open; paths are below it, with ``/`` between names.

    Every method raises OSError as its system call does, with ``ELOOP`` at a link on the way.
    """

    def __init__(self, descriptor: int, *, is_lazy: bool = False) -> None:
        """Take over the descriptor of a folder that is open for reading.

        A lazy one brings nothing to the disk by itself: `flush` does, for all at once.
        """
        self._folder = descriptor
        self._is_lazy = is_lazy

    def close(self) -> None:
        """Close it."""
        os.close(self._folder)

    def __enter__(self) -> Self:
        """Return the folder."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def fileno(self) -> int:
        """Return its descriptor, which stays its own."""
        return self._folder

    def status(self) -> os.stat_result:
        """Return what the folder itself is."""
        return os.fstat(self._folder)

    def open(self, path: str, flags: int, *, mode: int = 0) -> int:
        """Return a descriptor of what is at a path; the caller closes it."""
        return open_beneath(self._folder, path, flags | os.O_NOFOLLOW, mode=mode, follow=False)

    def open_folder(self, path: str) -> OpenFolder:
        """Return a folder in this one."""
        return OpenFolder(self.open(path, _FOLDER), is_lazy=self._is_lazy)

    def find(self, path: str) -> Found | None:
        """Return what is at a path; None for nothing, or nothing that is not behind a link."""
        try:
            with self._holder(path) as (folder, name):
                return Found(path, os.stat(name, dir_fd=folder, follow_symlinks=False))
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise

    def walk(self, *, skip: Callable[[str, bool], bool] | None = None) -> Iterator[Found]:
        """Yield what is in it, folders before what is in them, in the order of names.

        ``skip`` is asked with a path and whether it is a folder; a skipped folder is not entered.

        Raises:
            RefusedFileError: there is too much of it, or it is too deep.
        """
        count, waiting = 0, [""]
        while waiting:
            for found in self._list(waiting.pop()):
                if found.path.rpartition("/")[2].startswith(TEMPORARY):
                    continue
                if skip is not None and skip(found.path, found.is_folder):
                    continue
                count += 1
                if count > MOST_FOUND or found.path.count("/") > MOST_DEEP:
                    raise RefusedFileError(
                        f"{found.path} is one too many: at most {MOST_FOUND:,} names, in folders "
                        f"{MOST_DEEP} deep, are handled at once. Divide the asset."
                    )
                yield found
                if found.is_folder:
                    waiting.append(found.path)

    def list_names(self, path: str = "") -> list[str]:
        """Return the names in a folder, in order."""
        return [found.path.rpartition("/")[2] for found in self._list(path)]

    def list_links(self, path: str = "") -> list[str]:
        """Return the names of links in a folder, in order; the others are not even looked at."""
        folder = self.open(path or ".", _FOLDER)
        try:
            with os.scandir(folder) as entries:
                return sorted(one.name for one in entries if one.is_symlink())
        finally:
            os.close(folder)

    def _list(self, path: str) -> list[Found]:
        try:
            folder = self.open(path or ".", _FOLDER)
        except FileNotFoundError:
            return []
        try:
            found = []
            for name in sorted(os.listdir(folder)):  # noqa: PTH208 - a descriptor
                with contextlib.suppress(FileNotFoundError):
                    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                    found.append(Found(f"{path}/{name}" if path else name, status))
            return found
        finally:
            os.close(folder)

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield the content of a regular file.

        Raises:
            RefusedFileError: it is none, or a second name of somebody else's.
        """
        descriptor = self.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
            self._check_regular(path, os.fstat(descriptor))
            while chunk := file.read(CHUNK):
                yield chunk

    def _check_regular(self, path: str, status: os.stat_result) -> None:
        """Refuse what is no file, and a second name of a file of somebody else's."""
        if not stat.S_ISREG(status.st_mode):
            raise RefusedFileError(f"{path} is no file with content: only such are opened.")
        if status.st_nlink > 1 and status.st_uid != os.fstat(self._folder).st_uid:
            raise RefusedFileError(f"{path} is a second name of somebody else's file.")

    def read(self, path: str) -> bytes:
        """Return the content of a regular file."""
        return b"".join(self.chunks(path))

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a regular file in hexadecimal digits."""
        digest = hashlib.sha256()
        for chunk in self.chunks(path):
            digest.update(chunk)
        return digest.hexdigest()

    def write(self, path: str, chunks: Iterable[bytes], *, mode: int = 0o644) -> None:
        """Write a new file, down to the disk; nothing may be there."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        descriptor = self.open(path, flags, mode=mode)
        with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123 - a descriptor
            for chunk in chunks:
                rest = memoryview(chunk)
                while rest:
                    rest = rest[file.write(rest) :]
            os.fchmod(descriptor, mode)
            self._sync(descriptor)

    def make_folders(self, path: str) -> None:
        """Make a folder and those that it is in, where they are missing."""
        names = path.split("/") if path else []
        for count in range(1, len(names) + 1):
            with self._holder("/".join(names[:count])) as (folder, name):
                try:
                    os.mkdir(name, 0o755, dir_fd=folder)
                except FileExistsError:
                    continue
                self._sync(folder)

    def move(self, old: str, new: str) -> None:
        """Give what is at a path another one where nothing is; FileExistsError otherwise."""
        with self._holder(old) as (source, name), self._holder(new) as (target, other):
            rename_without_replacing(source, name, target, other)
            self._sync(target, source)

    def link(self, source: OpenFolder, name: str, path: str) -> bool:
        """Give a file of another folder a second name here; tell whether that can be had.

        It cannot across file systems and quotas, and is not where somebody else owns this folder:
        what has two names is refused there, see `chunks`. Nothing is brought to the disk.

        Raises:
            FileExistsError: something is at the path.
        """
        if self.status().st_uid != os.geteuid():
            return False
        try:
            with self._holder(path) as (folder, new):
                os.link(
                    name, new, src_dir_fd=source.fileno(), dst_dir_fd=folder, follow_symlinks=False
                )
        except OSError as error:
            if error.errno in _NO_LINKS:
                return False
            raise
        return True

    def exchange(self, one: str, other: str) -> None:
        """Let what is at two paths change places."""
        with self._holder(one) as (source, name), self._holder(other) as (target, second):
            exchange(source, name, target, second)
            self._sync(target, source)

    def make_link(self, path: str, target: str) -> None:
        """Make a link, in place of a file or link where there is one."""
        with self._holder(path) as (folder, name):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            os.symlink(target, name, dir_fd=folder)

    def replace(self, old: str, new: str) -> None:
        """Give a file or link another path, in place of what is there, at once."""
        with self._holder(old) as (source, name), self._holder(new) as (target, other):
            os.rename(name, other, src_dir_fd=source, dst_dir_fd=target)
            self._sync(target, source)

    def read_link(self, path: str) -> str | None:
        """Return where a link points; None where there is no link."""
        try:
            with self._holder(path) as (folder, name):
                return os.readlink(name, dir_fd=folder)
        except OSError as error:
            if error.errno in _ABSENT | {errno.EINVAL}:
                return None
            raise

    def remove_file(self, path: str) -> None:
        """Remove a file or link; nothing happens where nothing is."""
        with contextlib.suppress(FileNotFoundError), self._holder(path) as (folder, name):
            os.unlink(name, dir_fd=folder)
            self._sync(folder)

    def remove_empty(self, path: str) -> bool:
        """Remove a folder if nothing is in it; tell whether it is gone."""
        with contextlib.suppress(OSError), self._holder(path) as (folder, name):
            os.rmdir(name, dir_fd=folder)
            return True
        return False

    def remove_all(self, path: str) -> None:
        """Remove whatever is at a path, with what is in it; links are removed, not followed."""
        found = self.find(path)
        if found is not None:
            self._remove(found)

    def _remove(self, found: Found) -> None:
        if not found.is_folder:
            self.remove_file(found.path)
            return
        self.set_mode(found.path, 0o755)
        for inner in self._list(found.path):
            self._remove(inner)
        self.remove_empty(found.path)

    def set_mode(self, path: str, mode: int) -> None:
        """Set the mode of a file or folder, which is no link."""
        descriptor = self.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)

    def be_lazy(self) -> None:
        """Bring nothing to the disk from now on but by `flush`."""
        self._is_lazy = True

    def flush(self) -> None:
        """Bring all that was written to the disk."""
        if self._is_lazy:
            sync_file_system(self._folder)

    def sync(self, path: str = "") -> None:
        """Bring the names in a folder to the disk."""
        descriptor = self.open(path or ".", _FOLDER)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold a lock that one thread of one process has at a time, by a file of its own."""
        descriptor = self.open(name, os.O_RDWR | os.O_CREAT, mode=0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _sync(self, *descriptors: int) -> None:
        if not self._is_lazy:
            for descriptor in descriptors:
                os.fsync(descriptor)

    @contextlib.contextmanager
    def _holder(self, path: str) -> Iterator[tuple[int, str]]:
        """Open the folder that a path is in; return it with the last name."""
        parent, _, name = path.rpartition("/")
        folder = self.open(parent or ".", _FOLDER)
        try:
            yield folder, name
        finally:
            os.close(folder)
