"""Failures that a pipe into ``tee`` hides: scripts of bash are looked at while they run."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NOTE = "hidden"
"""File in what a sandbox tells, with a line for each failure."""
_MOST_BYTES = 1024
_VARIABLE, _READ_BY_BASH = "TWINHUB_HIDDEN", "BASH_ENV"


class Looking:
    """Looks at all scripts that are started from now on."""

    def __init__(self, outside: str) -> None:
        """Have them note what is hidden in a folder."""
        self._note, self._told = f"{outside}/{NOTE}", 0
        os.environ[_VARIABLE] = self._note
        os.environ.setdefault(_READ_BY_BASH, os.path.join(os.path.dirname(__file__), "look.bash"))

    def take_new(self) -> Iterator[str]:
        """Yield the script and status of each failure that was hidden since this was asked."""
        try:
            with open(self._note, "rb", opener=_open_file) as file:
                file.seek(self._told)
                lines = file.read(_MOST_BYTES).splitlines()
                self._told = file.tell()
        except OSError:
            return
        for line in lines:
            yield line.decode("utf-8", "replace")


def _open_file(path: str, flags: int) -> int:
    """Open what may be no file: a pipe, or a link such as to the lock, which goes with a close."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
