"""Bounded reading of a foreign folder: few files, small ones, and no link that leads out of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.files import FileRefusedError, read_regular_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SKIPPED = frozenset({"__pycache__", "node_modules", "venv", "env", "build", "target", "output"})
_HIDDEN_KEPT = frozenset({".gitlab-ci.yml"})


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """How much of a folder is looked at; what is beyond is left out, not an error."""

    entries: int = 2_000
    depth: int = 4
    file_bytes: int = 128 * 1024
    all_bytes: int = 2**20


class TwinFolder:
    """A folder that may hold anything, read within limits."""

    def __init__(self, root: Path, limits: ReadingLimits | None = None) -> None:
        """List the files below a folder."""
        self.root = root
        self._limits = limits or ReadingLimits()
        self._bytes_left = self._limits.all_bytes
        self._entries_left = self._limits.entries
        self._real_root = os.path.realpath(root)
        self._texts: dict[str, str | None] = {}
        self.files: tuple[str, ...] = tuple(sorted(self._list("", 0)))
        self.is_cut = self._entries_left <= 0
        """Whether there were more entries than are looked at."""

    def below(self, folder: str) -> list[str]:
        """Return the files directly in a folder, ``""`` for the twin's own."""
        return [path for path in self.files if path.rpartition("/")[0] == folder]

    def text(self, path: str) -> str | None:
        """Return a file's text, or None if it is absent, too large or no text."""
        if path not in self._texts:
            self._texts[path] = self._read(path) if path in self.files else None
        return self._texts[path]

    def _read(self, path: str) -> str | None:
        limit = min(self._limits.file_bytes, self._bytes_left)
        try:
            content = read_regular_file(self.root / path, limit).content
        except FileRefusedError:
            return None
        self._bytes_left -= len(content)
        if b"\0" in content:
            return None
        return content.decode("utf-8", errors="replace").removeprefix("\ufeff")

    def _list(self, folder: str, depth: int) -> Iterator[str]:
        folders: list[str] = []
        for entry in self._entries(folder):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                folders.append(path)
            elif self._is_ours(entry):
                yield path
        for path in sorted(folders) if depth < self._limits.depth else ():
            name = path.rpartition("/")[2]
            if name not in _SKIPPED and not name.startswith("."):
                yield from self._list(path, depth + 1)

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            entries = os.scandir(self.root / folder)
        except OSError:
            return
        with entries:
            for entry in entries:
                self._entries_left -= 1
                if self._entries_left <= 0:
                    return
                yield entry

    def _is_ours(self, entry: os.DirEntry[str]) -> bool:
        """Return whether an entry is a regular file of this folder that is worth a look."""
        if entry.name.startswith(".") and entry.name not in _HIDDEN_KEPT:
            return False
        try:
            entry.name.encode()
            target = os.path.realpath(entry.path, strict=True)
            is_inside = target.startswith(f"{self._real_root.rstrip(os.sep)}{os.sep}")
            return is_inside and entry.is_file()
        except (OSError, UnicodeEncodeError):  # a loop of links, a dead one, a name that is no text
            return False
