"""The log of a workspace without a container: one file and the one before, of a limited size."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_MOST_BYTES = 5 * 2**20
_TAIL_BYTES = 64 * 2**10


@dataclass(frozen=True)
class WorkspaceLog:
    """A file that a workspace appends to through a descriptor of its own."""

    path: Path

    @property
    def earlier(self) -> Path:
        """What was printed before."""
        return self.path.with_name(f"{self.path.name}.1")

    def start(self) -> BinaryIO:
        """Put the log of the last start aside and return a new one, open for appending."""
        with suppress(FileNotFoundError):
            self.path.replace(self.earlier)
        return os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")

    def cap(self) -> None:
        """Put a log aside that has grown too large; the workspace goes on writing to this one.

        What it prints in the moment between copying and emptying is lost.
        """
        with suppress(FileNotFoundError):
            if self.path.stat().st_size > _MOST_BYTES:
                shutil.copyfile(self.path, self.earlier)
                os.truncate(self.path, 0)

    def tail(self) -> str:
        """Return the end of the log."""
        with suppress(FileNotFoundError), self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
        return ""
