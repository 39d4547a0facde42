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
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_agent.hidden import NOTE
from twinhub_agent.memory import NOTE as OUT_OF_MEMORY
from twinhub_agent.supplying import PIPE

from twinhub_runner.agent_files import put_agent

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LOCK = "lock"
"""File in what an agent reads, of which it holds a lock while it lives."""
MOST_BYTES = 1 << 16
"""Of a result that is read."""
_MOST_NUMBER = 2.0**53
"""Of what an agent counts: what JSON and JavaScript tell exactly."""
_FLOCK = struct.Struct("hhqqi4x")
"""``struct flock`` of fcntl(2) on 64-bit Linux."""
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_TRIES = 100
_NO_SENSE = (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError)
"""What reading raises of what somebody has made up."""
_REASONS = frozenset({
    "ended", "stopped", "terminated", "time-limit",
    "not-started", "not-fetched", "not-built", "not-ready",
})  # fmt: skip


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
    for folder in (inside / "control", outside):
        folder.mkdir(parents=True, exist_ok=True)
    put_agent(inside)
    (inside / LOCK).touch(0o644)
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
    except _NO_SENSE:
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
    except _NO_SENSE:
        return None
    finally:
        os.close(folder)


def was_begun(outside: Path) -> bool:
    """Return whether an agent has begun the phase."""
    return os.path.lexists(outside / "begun")


def is_in_background(outside: Path) -> bool:
    """Return whether the command of a phase has ended and what that has started goes on."""
    return os.path.lexists(outside / "background.json")


def read_health(
    outside: Path, ports: Collection[str], processes: Collection[str]
) -> tuple[list[str], dict[str, int]] | None:
    """Return what does not answer of some ports, and the status of each process that has failed.

    None where nothing is known yet. The phase goes on without those processes.
    """
    try:
        found = json.loads(_read(outside / "health.json"))
        ill, failed = found["ill"], found["failed"]
        ended = {name: int(failed[name]) & 255 for name in processes if name in failed}
        return [name for name in ports if name in ill], ended
    except _NO_SENSE:
        return None


def hides_failure(outside: Path) -> bool:
    """Return whether a command of a phase has failed and a pipe into tee has hidden it."""
    return os.path.lexists(outside / NOTE)


def read_load(outside: Path, known: Collection[str]) -> dict[str, tuple[float, int, int]]:
    """Return cores, bytes of memory and number of processes, by the names that a plan has."""
    found: dict[str, tuple[float, int, int]] = {}
    try:
        said = json.loads(_read(outside / "load.json"))["processes"]
        for name in [one for one in known if one in said]:
            cores, memory, count = said[name]
            found[name] = (_within(float(cores)), int(_within(memory)), int(_within(count)))
    except _NO_SENSE:
        return {}
    return found


def read_out_of_memory(outside: Path) -> int | None:
    """Return how many bytes of memory a sandbox had that wanted more; None if it did not."""
    try:
        return int(_within(json.loads(_read(outside / OUT_OF_MEMORY))["most"]))
    except _NO_SENSE:
        return None


def _within(number: float) -> float:
    """Return a number that can be; or raise `ValueError`."""
    if not 0 <= number <= _MOST_NUMBER:
        raise ValueError(number)
    return number


def find_agent(inside: Path) -> int | None:
    """Return the process that runs a phase, as this process sees it; None if none does."""
    try:
        file = os.open(inside / LOCK, _READ)
    except OSError:
        return None
    try:
        for _ in range(_TRIES):
            if (holder := _holder_of(file)) is None:
                return None
            with contextlib.suppress(OSError):  # one on the way to it has just ended
                return _first_above(holder)
    finally:
        os.close(file)
    return holder


def _holder_of(file: int) -> int | None:
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(file, fcntl.F_GETLK, asked))
    return pid if kind != fcntl.F_UNLCK and pid > 0 else None


def _first_above(process: int) -> int:
    """Return the first process of the sandbox of one: all in it can hold a lock for reading.

    Raises:
        OSError: one of them has ended.
    """
    above = process
    while above > 1:
        lines = Path(f"/proc/{above}/status").read_text("utf-8", "replace").splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        if status["NSpid"].split()[-1] == "1":
            return above
        above = int(status["PPid"])
    return process


def _read(path: Path | str, folder: int | None = None) -> bytes:
    file = os.open(path, _READ, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "no file", str(path))
        return os.read(file, MOST_BYTES)
    finally:
        os.close(file)
