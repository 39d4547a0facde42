"""Folders reached one name at a time without following symbolic links.

Users and maintainers write below the assets root while the hub, maybe as root, works there too. A
path checked and then used could be swapped for a symbolic link in between, so every step here goes
from an open folder to a name in it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_hub.assets.errors import UnsafePathError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Folder:
    """An open folder; close it, or use it in a ``with`` statement."""

    descriptor: int
    path: Path
    uid: int | None
    """Who owns what is created here; None leaves it to the process's own user."""

    @classmethod
    def open_root(cls, path: Path, *, uid: int) -> Folder:
        """Open the folder where the walk starts, and make it if it is missing.

        New files belong to ``uid`` only if this process may give them away, that is, as root.
        """
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
        owner = uid if os.geteuid() == 0 else None
        return cls(os.open(path, _OPEN_FOLDER & ~os.O_NOFOLLOW), path, owner)

    def __enter__(self) -> Folder:
        """Return the folder itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close it."""
        os.close(self.descriptor)

    def has(self, name: str) -> bool:
        """Tell whether there is anything of this name, a dangling symbolic link included."""
        try:
            os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def enter(self, name: str) -> Folder:
        """Open the folder of this name in this one.

        Raises:
            FileNotFoundError: there is nothing of this name.
            UnsafePathError: it is a symbolic link or no folder.
        """
        try:
            descriptor = os.open(name, _OPEN_FOLDER, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno not in {errno.ELOOP, errno.ENOTDIR}:
                raise
            raise UnsafePathError(
                f"{self.path / name} is a symbolic link or no folder: move it away"
            ) from error
        return Folder(descriptor, self.path / name, self.uid)

    def make(self, name: str, *, mode: int = 0o755) -> Folder:
        """Open the folder of this name, and make it with this mode if it is missing."""
        try:
            os.mkdir(name, 0o700, dir_fd=self.descriptor)
        except FileExistsError:
            return self.enter(name)
        folder = self.enter(name)
        self._hand_over(folder.descriptor, mode)
        return folder

    def digest(self, name: str) -> str | None:
        """Return the SHA-256 of a regular file in hexadecimal, or None if there is nothing.

        Raises:
            UnsafePathError: it is a symbolic link, a folder, a device or a pipe.
        """
        try:
            descriptor = os.open(name, _OPEN_FILE, dir_fd=self.descriptor)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnsafePathError(f"{self.path / name} cannot be read safely") from error
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnsafePathError(f"{self.path / name} is no regular file")
            return hashlib.file_digest(file, "sha256").hexdigest()

    def write(self, name: str, content: bytes, *, mode: int = 0o644) -> None:
        """Put a file in place as a whole: a crash leaves the old one or the new one."""
        aside = hidden_name(name)
        descriptor = os.open(aside, _CREATE_FILE, 0o600, dir_fd=self.descriptor)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                self._hand_over(descriptor, mode)
                os.fsync(descriptor)
            self.rename(aside, name)
        except BaseException:
            os.unlink(aside, dir_fd=self.descriptor)
            raise

    def rename(self, old: str, new: str) -> None:
        """Rename within this folder; what has the new name is replaced if it is a file."""
        os.rename(old, new, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        os.fsync(self.descriptor)

    def _hand_over(self, descriptor: int, mode: int) -> None:
        if self.uid is not None:
            os.fchown(descriptor, self.uid, self.uid)
        os.fchmod(descriptor, mode)


def hidden_name(name: str) -> str:
    """Return a new hidden name to prepare something under before it is renamed to ``name``."""
    return f".{name}.{secrets.token_hex(8)}"
