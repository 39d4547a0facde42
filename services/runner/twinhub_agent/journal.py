"""Files that only grow: one JSON object in each line, whole or not there."""

from __future__ import annotations

import os
import time

from twinhub_agent.bare import dump


class Journal:
    """Events of a run, in the order in which they happened."""

    def __init__(self, path: str) -> None:
        """Go on with a file, or begin it."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, event: str, **facts: object) -> None:
        """Add an event, with the time in milliseconds since 1970.

        It is on the disk when the system writes it there: nothing is decided by it.
        """
        record = {"time": time.time_ns() // 1_000_000, "event": event, **facts}
        os.write(self._file, dump(record).encode() + b"\n")


def write_whole(path: str, content: object, *, lasting: bool = True) -> None:
    """Put JSON in a file, which is complete whenever it is there; after a power cut if it lasts."""
    new = f"{path}.new"
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, dump(content).encode())
        if lasting:
            os.fdatasync(file)
    finally:
        os.close(file)
    os.rename(new, path)
