"""What an agent has left in its folder: read as what a hostile twin may have written.

The agent writes with the rights of the twin, so nothing here is believed to be small, whole or a
file at all.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import twinhub_agent
from twinhub_agent.hidden import NOTE
from twinhub_agent.supplying import PIPE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MOST_BYTES = 1 << 16
"""Of a result that is read."""
_FLOCK = struct.Struct("hhqqi4x")
"""``struct flock`` of fcntl(2) on 64-bit Linux."""
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_REASONS = frozenset({"ended", "stopped", "time-limit", "not-started", "not-ready"})


@dataclass(frozen=True, slots=True)
class Result:
    """How a phase has ended."""

    status: int
    reason: str


def prepare(inside: Path, outside: Path, plan: Mapping[str, object]) -> None:
    """Put into a sandbox's folders what its agent begins with; may be repeated.

    Raises:
        OSError: the disk has no room, or the like.
    """
    (inside / "control").mkdir(parents=True, exist_ok=True)
    outside.mkdir(parents=True, exist_ok=True)
    agent = Path(twinhub_agent.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__", "py.typed")
    shutil.copytree(agent, inside / agent.name, ignore=ignored, dirs_exist_ok=True)
    new = inside / "plan.json.new"
    new.write_text(json.dumps(plan))
    new.rename(inside / "plan.json")
    if plan.get("secrets"):
        with contextlib.suppress(FileExistsError):
            os.mkfifo(inside / PIPE, 0o600)


def read_result(outside: Path) -> Result | None:
    """Return how a phase has ended; None where its agent has not said so, or nothing sensible."""
    try:
        found = json.loads(_read(outside / "result.json"))
        status, reason = int(found["status"]), str(found["reason"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return Result(status & 255, reason if reason in _REASONS else "ended")


def read_answer(outside: Path, name: str) -> int | None:
    """Return the status of what the agent was asked for; None where it has not ended."""
    try:
        folder = os.open(outside / "answers", _READ | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        return int(json.loads(_read(name, folder))["status"]) & 255
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    finally:
        os.close(folder)


def was_begun(outside: Path) -> bool:
    """Return whether an agent has begun the phase."""
    return os.path.lexists(outside / "begun")


def is_in_background(outside: Path) -> bool:
    """Return whether the command of a phase has ended and what that has started goes on."""
    return os.path.lexists(outside / "background.json")


def read_ill(outside: Path, ports: Collection[str]) -> list[str] | None:
    """Return which ports do not answer that are to; None where nothing is known yet."""
    try:
        found = json.loads(_read(outside / "health.json"))["ill"]
        return [name for name in ports if name in found]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def hides_failure(outside: Path) -> bool:
    """Return whether a command of a phase has failed and a pipe into tee has hidden it."""
    return os.path.lexists(outside / NOTE)


def find_agent(outside: Path) -> int | None:
    """Return the process that runs a phase, as this process sees it; None if none does."""
    try:
        file = os.open(outside / "lock", _READ)
    except OSError:
        return None
    try:
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(file, fcntl.F_GETLK, asked))
    finally:
        os.close(file)
    return pid if kind != fcntl.F_UNLCK and pid > 0 else None


def _read(path: Path | str, folder: int | None = None) -> bytes:
    file = os.open(path, _READ, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "no file", str(path))
        return os.read(file, MOST_BYTES)
    finally:
        os.close(file)
