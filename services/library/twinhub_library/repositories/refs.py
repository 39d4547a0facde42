"""Names of commits in a git directory of ours (gitrepository-layout(5)): files, never packed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_NEW = "twinhub-ref.new"


class Refs:
    """The refs of one git directory, which one operation at a time changes."""

    def __init__(self, git_dir: Path, give: Callable[[Path], None]) -> None:
        """Read and write below a git directory; ``give`` lets git have what is made."""
        self._git_dir, self._give = git_dir, give

    def find(self, name: str) -> str | None:
        """Return the commit of a ref; None where there is none."""
        try:
            return (self._git_dir / name).read_text("ascii").strip() or None
        except (FileNotFoundError, NotADirectoryError):
            return None

    def list(self, prefix: str) -> dict[str, str]:
        """Return the commits by their refs in a folder, the newest name first."""
        folder = self._git_dir / prefix
        names = sorted((path.name for path in folder.glob("*")), reverse=True)
        found = {f"{prefix}{name}": self.find(f"{prefix}{name}") for name in names}
        return {name: commit for name, commit in found.items() if commit}

    def change(self, changes: Mapping[str, str | None]) -> None:
        """Set refs to commits, or remove them with None, in this order, down to the disk.

        A crash leaves some of the changes done, from the first one on; each ref is old or new.
        """
        for name, commit in changes.items():
            target = self._git_dir / name
            if commit:
                self._make_folder(target.parent)
                self._write(target, commit)
            else:
                target.unlink(missing_ok=True)
        for folder in {(self._git_dir / name).parent for name in changes}:
            _sync(folder)

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir(mode=0o755)
            self._give(folder)

    def _write(self, target: Path, commit: str) -> None:
        new = self._git_dir / _NEW
        with new.open("w", encoding="ascii") as file:
            file.write(f"{commit}\n")
            file.flush()
            os.fsync(file.fileno())
        self._give(new)
        new.replace(target)


def clear_leftovers(git_dir: Path) -> None:
    """Remove the locks and half packs of a git that was killed; no other may work there now.

    git would wait for its lock for ever, and gives back no room of its own accord.
    """
    packs = git_dir / "objects" / "pack"
    for paths in (
        git_dir.glob("*.lock"), (git_dir / "refs").rglob("*.lock"), packs.glob("tmp_*"),
        packs.glob(".tmp-*"),
    ):  # fmt: skip
        for path in paths:
            path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    if not folder.is_dir():
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
