"""One operator at a time: what changes or backs up an installation waits for the other."""

from __future__ import annotations

import fcntl
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from twinhub_hub.operate.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_hub.installation import Installation


@contextmanager
def only_one(
    installation: Installation, *, wait: bool = True, lock_file: Path | None = None
) -> Iterator[None]:
    """Hold the installation's lock, or another of its locks; a killed holder gives it back.

    Raises:
        BusyError: another command holds it, and this one must not ``wait``.
    """
    with (lock_file or installation.lock_file).open("w") as lock:
        if not _take(lock):
            if not wait:
                raise BusyError(
                    "Another twinhub command works on this installation; try again in a minute."
                )
            sys.stderr.write(f"waiting: another command works on {installation.home}\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _take(lock: IO[str]) -> bool:
    """Return whether the lock was free, and is held now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
