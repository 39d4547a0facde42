"""Writes the members of an archive below a folder that nobody else can enter yet."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from twinhub_hub.operate.holes import HoleyFile

if TYPE_CHECKING:
    import tarfile
    from pathlib import Path
    from types import TracebackType

    from twinhub_hub.operate.archive import Content

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderWriter:
    """Takes members as an archive has them, each folder before what is in it.

    Owners are kept if ``keeps_owners`` and this process is root; modes and times always. A folder
    gets its own when all that is in it has been written.
    """

    def __init__(self, root: Path, *, keeps_owners: bool) -> None:
        """Write the first member as ``root``, which must not be there, and the others below."""
        self._root = root
        self._keeps_owners = keeps_owners and os.geteuid() == 0
        self._open: list[tuple[tarfile.TarInfo, int]] = []

    def __enter__(self) -> FolderWriter:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish the open folders."""
        while self._open:
            self._leave()

    def write(self, member: tarfile.TarInfo, content: Content | None) -> None:
        """Write one member."""
        while self._open and not member.name.startswith(f"{self._open[-1][0].name}/"):
            self._leave()
        folder = self._open[-1][1] if self._open else None
        name = member.name.rpartition("/")[2] if self._open else str(self._root)
        if member.isdir():
            os.mkdir(name, 0o700, dir_fd=folder)
            self._open.append((member, os.open(name, _FOLDER, dir_fd=folder)))
        elif member.issym():
            os.symlink(member.linkname, name, dir_fd=folder)
            if self._keeps_owners:
                os.chown(name, member.uid, member.gid, dir_fd=folder, follow_symlinks=False)
        elif content is not None:
            self._write_file(os.open(name, _FILE, 0o600, dir_fd=folder), member, content)

    def _write_file(self, descriptor: int, member: tarfile.TarInfo, content: Content) -> None:
        with os.fdopen(descriptor, "wb") as file:
            holey = HoleyFile(file)
            for chunk in content.chunks():
                holey.write(chunk)
            holey.finish()
            file.flush()
            self._finish(descriptor, member)

    def _leave(self) -> None:
        member, descriptor = self._open.pop()
        try:
            self._finish(descriptor, member)
        finally:
            os.close(descriptor)

    def _finish(self, descriptor: int, member: tarfile.TarInfo) -> None:
        if self._keeps_owners:
            os.fchown(descriptor, member.uid, member.gid)
        os.fchmod(descriptor, member.mode)
        os.utime(descriptor, (member.mtime, member.mtime))
