"""One operator at a time: what changes or backs up an installation waits for the other."""

from __future__ import annotations

import fcntl
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_hub.installation import Installation


@contextmanager
def only_one(installation: Installation) -> Iterator[None]:
    """Hold the installation's lock; a killed holder gives it back."""
    with installation.lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"waiting: another command works on {installation.home}\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
