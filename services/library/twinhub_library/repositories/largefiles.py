"""What Git LFS keeps in a git directory of ours (git-lfs/docs/spec.md)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from twinhub_library.repositories.objects import Pointer


class LargeFiles:
    """The content of pointers, as far as it was fetched or is to be pushed."""

    def __init__(self, git_dir: Path, give: Callable[[Path], None]) -> None:
        """Look below a git directory; ``give`` lets git have what is made."""
        self._git_dir, self._give = git_dir, give

    @property
    def has_any(self) -> bool:
        """Whether the content of any pointer is kept."""
        return (self._git_dir / "lfs" / "objects").is_dir()

    def find(self, pointer: Pointer) -> Path | None:
        """Return where the content of a pointer is kept; None where it was not fetched."""
        one = pointer.digest
        path = self._git_dir / "lfs" / "objects" / one[:2] / one[2:4] / one
        return path if path.is_file() and path.stat().st_size == pointer.size else None

    def keep(self, pointer: Pointer, chunks: Iterable[bytes]) -> None:
        """Keep the content of a pointer, to be pushed."""
        one = pointer.digest
        folder = self._git_dir
        for name in ("lfs", "objects", one[:2], one[2:4]):
            folder /= name
            if not folder.is_dir():
                folder.mkdir()
                self._give(folder)
        temporary = folder / f"{one}.new"
        with temporary.open("wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        self._give(temporary)
        temporary.rename(folder / one)
