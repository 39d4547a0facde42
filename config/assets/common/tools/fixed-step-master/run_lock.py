"""A lock file that tells who runs, so that a run can be stopped without guessing.

The run holds a lock on the open file, which the kernel drops when the process ends, however it
ends. So a file left behind by a crash stops nobody. In the file stand the process id, the time at
which the process started and its pid namespace: an id that has gone to another process, or that
means something else in another container, is noticed.

SPDX-License-Identifier: BSD-3-Clause
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class LockedError(Exception):
    """A run is in progress."""


@contextmanager
def held_lock(file: Path) -> Iterator[None]:
    """Hold the lock, or raise a LockedError at once if another process has it."""
    with file.open("a+", encoding="utf-8") as opened:
        if not _try_lock(opened):
            raise LockedError
        opened.truncate(0)
        json.dump(describe_process(os.getpid()), opened)
        opened.flush()
        try:
            yield
        finally:
            opened.truncate(0)


def is_held(file: Path) -> bool:
    """Tell whether a run is in progress."""
    try:
        with file.open("r+", encoding="utf-8") as opened:
            return not _try_lock(opened)
    except FileNotFoundError:
        return False


def find_holder(file: Path) -> int | None:
    """Return the process id of the run in progress, or None if it cannot be told for sure."""
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
        return int(written["pid"]) if written == describe_process(int(written["pid"])) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def describe_process(pid: int) -> dict[str, object]:
    """Return what tells a process from every other one on this host."""
    # the name in brackets may hold anything, so fields count from its end; 22 is the start time
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    namespace = Path("/proc/self/ns/pid").readlink()
    return {"pid": pid, "started_ticks": int(fields[19]), "pid_namespace": str(namespace)}


def _try_lock(opened: IO[str]) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
