"""What is written down of a phase, whole or not there; a full disk ends no phase."""

from __future__ import annotations

import errno
import os
import time

from twinhub_agent.bare import dump, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from twinhub_agent.health import Check
    from twinhub_agent.processes import Process

_PAUSE_SECONDS = 0.5
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class Journal:
    """Events of a run, in the order in which they happened."""

    def __init__(self, path: str) -> None:
        """Go on with a file, or begin it."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, event: str, **facts: object) -> None:
        """Add an event, with the time in milliseconds since 1970; it is lost if the disk is full.

        It is on the disk when the system writes it there: nothing is decided by it.
        """
        record = {"time": time.time_ns() // 1_000_000, "event": event, **facts}
        line = dump(record).encode() + b"\n"
        size = os.fstat(self._file).st_size
        try:
            is_whole = os.write(self._file, line) == len(line)
        except OSError:
            is_whole = False
        if not is_whole:
            os.ftruncate(self._file, size)


def write_whole(path: str, content: object, *, lasting: bool = True) -> None:
    """Put JSON in a file, which is complete whenever it is there; after a power cut if it lasts.

    Raises:
        OSError: the disk has no room.
    """
    new = f"{path}.{time.time_ns():x}.new"  # of a name of its own: no pipe lies in wait there
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.write(file, dump(content).encode())
            if lasting:
                os.fdatasync(file)
        finally:
            os.close(file)
        os.rename(new, path)
    except OSError:
        with suppress(OSError):
            os.unlink(new)
        raise


def write_health(
    outside: str, checks: Mapping[str, Check], processes: Mapping[str, Process]
) -> None:
    """Write down which ports do not answer, and what has failed that the phase goes on without."""
    ill = [name for name, one in checks.items() if one.is_healthy is False]
    failed = {
        name: one.status for name, one in processes.items()
        if one.status and one.pid is not None and not one.plan["essential"]
    }  # fmt: skip
    with suppress(OSError):  # a full disk: the journal tells, or nobody does
        write_whole(f"{outside}/health.json", {"ill": ill, "failed": failed})


def when_there_is_room(do: Callable[[], Any]) -> Any:  # noqa: ANN401 - what it returns
    """Do something, and wait for the room that it needs: without, a run could not be told of.

    Raises:
        OSError: something else is wrong, such as a folder in the place of a file.
    """
    while True:
        try:
            return do()
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
        time.sleep(_PAUSE_SECONDS)


def write_when_there_is_room(path: str, content: object) -> None:
    """Put JSON in a file, and wait for the room that it needs: nobody else knows what it says.

    Raises:
        OSError: as `when_there_is_room`.
    """
    when_there_is_room(lambda: write_whole(path, content))
