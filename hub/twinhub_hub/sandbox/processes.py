"""The sandboxes that run on this host: found by what they were started with, ended as a whole.

A sandbox's first process is bubblewrap's, pid 1 in a namespace of its own: when it is killed the
kernel ends every other process in it. It waits for all of them, so a sandbox whose server has ended
may go on with what its user left in the background; nobody can reach that, and it is to be killed.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_hub.sandbox.command import HOME, PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PROC = Path("/proc")
_START_TIME = 19
"""Index of the start time among what follows the name in ``/proc/PID/stat`` (field 22)."""
_KILL_SECONDS = 10
_SERVER = "2"
"""Pid, in the sandbox, of what bubblewrap started."""


@dataclass(frozen=True)
class SandboxProcess:
    """A sandbox's first process; the start time tells it from a later one with the same pid."""

    pid: int
    started: int
    """Clock ticks since the boot."""
    boot: str


@dataclass(frozen=True)
class FoundSandbox:
    """A running sandbox."""

    process: SandboxProcess
    home: Path
    """Folder of the host that it has as its home."""
    edition: Path
    """Folder of the host that it has its programs from."""

    @property
    def label(self) -> str:
        """Label of the user whose workspace it is."""
        return self.home.name


def identify(pid: int) -> SandboxProcess | None:
    """Return what tells this process from any other, or None when there is none."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2]
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *_ = values = fields.split()
    if state in {"Z", "X"}:
        return None  # dead, and its parent has not asked
    boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
    return SandboxProcess(pid, int(values[_START_TIME]), boot)


def is_alive(process: SandboxProcess) -> bool:
    """Return whether a sandbox runs."""
    return identify(process.pid) == process


def find_sandboxes(homes: Path) -> list[FoundSandbox]:
    """Return the sandboxes whose home lies in a folder, whoever started them and however long ago.

    Nothing has to be written down for that, so nothing is lost when the hub is killed.
    """
    folder = homes.resolve()
    found = (_find(entry) for entry in _PROC.iterdir() if entry.name.isdigit())
    return [sandbox for sandbox in found if sandbox and sandbox.home.parent == folder]


def _find(entry: Path) -> FoundSandbox | None:
    try:
        words = (entry / "cmdline").read_bytes().decode("utf-8", "surrogateescape").split("\0")
        if Path(words[0]).name != "bwrap":
            return None
        status = read_status(entry)
    except OSError:
        return None  # it has ended meanwhile, or is another user's
    pids, uid = status["NSpid"].split(), int(status["Uid"].split()[0])
    home, edition = source_of(words, HOME), source_of(words, PARTS)
    process = identify(int(entry.name))
    is_first = len(pids) > 1 and pids[-1] == "1"
    if not (home and edition and process and is_first and uid == os.geteuid()):
        return None
    return FoundSandbox(process, home, edition.parent)


def source_of(words: Sequence[str], target: str) -> Path | None:
    """Return the folder of the host that is mounted at a place of the sandbox."""
    if target not in words:
        return None
    return Path(words[words.index(target) - 1])


def read_status(entry: Path) -> Mapping[str, str]:
    """Return what the kernel says of a process by its folder in ``/proc``.

    Raises:
        OSError: it has ended meanwhile.
    """
    lines = (entry / "status").read_text("utf-8", "replace").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def is_serving(first: SandboxProcess) -> bool:
    """Return whether a sandbox runs and so does what was started in it."""
    return is_alive(first) and _find_server(first) is not None


def stop_sandbox(first: SandboxProcess, *, grace_seconds: float) -> bool:
    """End a sandbox: ask its server to stop, then kill what is left; return whether it has ended.

    Signals go through a descriptor of the process, so a pid that is used again is never hit.
    """
    with open_process(first) as descriptor:
        if descriptor is None:
            return True
        if grace_seconds > 0:
            _ask_server(first, grace_seconds)
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        return wait_for_end(descriptor, _KILL_SECONDS)


def _ask_server(first: SandboxProcess, seconds: float) -> None:
    """Ask the server and wait for it: the first process does not get signals but the last one."""
    server = _find_server(first)
    if server is None:
        return
    with open_process(server) as descriptor:
        if descriptor is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGTERM)
            wait_for_end(descriptor, seconds)


def _find_server(first: SandboxProcess) -> SandboxProcess | None:
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            status = read_status(entry)
            if int(status["PPid"]) == first.pid and status["NSpid"].split()[-1] == _SERVER:
                return identify(int(entry.name))
    return None


@contextmanager
def open_process(process: SandboxProcess) -> Iterator[int | None]:
    """Give a descriptor of this very process, or None when it has ended."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield descriptor if is_alive(process) else None
    finally:
        os.close(descriptor)


def wait_for_end(descriptor: int, seconds: float) -> bool:
    """Return whether the process of a descriptor ends within a time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
