"""Sandboxes by bubblewrap, for where there is no engine: the machine's network, its own processes.

A sandbox outlives the runner. Which process it is, and whether it lives, is told by the lock that
its agent holds; so nothing is kept here, and a process id that is used again is never taken for it.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_runner.agents import find_agent, read_out_of_memory, read_result, was_begun
from twinhub_runner.backends.base import (
    INSIDE,
    OUTSIDE,
    BackendError,
    ImpossibleError,
    Mount,
    SandboxState,
    Seen,
)
from twinhub_runner.environments.base import PLACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from twinhub_runner.backends.base import Limits, SandboxSpec

_BEGIN_SECONDS = 30.0
_FIRST_PAUSE, _SLOWER = 0.001, 1.05
"""It is looked whether an agent has begun: seconds, and by what that becomes more seldom."""
_OUT_OF_MEMORY_FIRST = "600"
"""When the machine runs out of memory a run goes before a workspace (500) and the hub (0)."""
_SHARED_MEMORY = 64 << 20
"""Bytes of ``/dev/shm``, as an engine has it."""
_MORE_BYTES = 1 << 30
"""What one process may have beyond the memory of all, until the agent has seen that it is too much.

Room that is mapped and not used counts for a process (``RLIMIT_DATA``), and not for all together.
"""
_CLOSED = frozenset({"none", "listed"})
"""What a run may reach that has a network of its own with nothing in it: there is no proxy here."""
_SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/var/lib/dpkg/status",
)  # fmt: skip


@dataclass
class ProcessBackend:
    """Runs sandboxes as processes of this machine."""

    runs: Path
    """Folder of all sandboxes: each has one of its name, with ``in`` and ``out`` in it."""
    python: str = "/usr/bin/python3"
    """The interpreter of the agent, at the same place in a sandbox."""
    system: tuple[Mount, ...] = field(default_factory=lambda: tuple(_system()))
    """What each sandbox sees of the machine, read-only."""
    name: str = "process"
    _children: dict[str, int] = field(default_factory=dict)
    """What this process has started, whose ends it has to take."""

    @property
    def environments(self) -> Path:
        """Folder of the software of twins, by its addresses."""
        return self.runs / "environments"

    def start(self, spec: SandboxSpec) -> None:
        """Start bubblewrap, and wait until the agent has begun.

        Raises:
            BackendError: it has not begun.
            ImpossibleError: there is no bubblewrap.
        """
        if was_begun(spec.outside):
            return
        if spec.image:
            raise ImpossibleError(
                f"there is no engine here, so no image {spec.image!r}: remove environment.image"
            )
        self._children[spec.name] = child = self._start(spec)
        try:
            self._wait_until_begun(spec, child)
        finally:
            self._reap(spec.name)

    def look(self, name: str) -> Seen:
        """Return what has become of a sandbox."""
        self._reap(name)
        outside = self._outside(name)
        if self._find_agent(name) is not None:
            return Seen(SandboxState.RUNNING)
        had = read_out_of_memory(outside)
        if (result := read_result(outside)) is not None:
            return Seen(SandboxState.ENDED, result.status, result.reason, had is not None, had)
        if was_begun(outside):
            return Seen(SandboxState.VANISHED, was_out_of_memory=had is not None, memory_bytes=had)
        return Seen(SandboxState.ABSENT)

    def stop(self, name: str) -> None:
        """Send the agent SIGTERM."""
        self._signal(name, signal.SIGTERM)

    def kill(self, name: str) -> None:
        """Send the agent SIGKILL, which ends its whole PID namespace (pid_namespaces(7))."""
        self._signal(name, signal.SIGKILL)

    def remove(self, name: str) -> None:
        """Kill it and wait until it is gone.

        Raises:
            BackendError: it is not gone after a while.
        """
        pid = self._signal(name, signal.SIGKILL)
        if pid is not None and not pid.wait(_BEGIN_SECONDS):
            raise BackendError(f"the sandbox {name} was killed and is still there")
        if (child := self._children.get(name)) is not None:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)  # bubblewrap itself ends with what it was for
            self._children.pop(name, None)

    def list_names(self) -> frozenset[str]:
        """Return the sandboxes whose agent lives."""
        found = self.runs.iterdir() if self.runs.is_dir() else ()
        return frozenset(one.name for one in found if self._find_agent(one.name) is not None)

    def find_fault(self) -> str:
        """Return why bubblewrap makes no sandbox, if so."""
        made = ("--unshare-pid", *_namespaces(), "--ro-bind", "/", "/")
        command = [_program("bwrap"), *made, "--", "true"]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                timeout=_BEGIN_SECONDS,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"No run can begin: {error}. `twinhub up` says what to do."
        why = done.stderr.strip() or f"it ends with status {done.returncode}"
        is_well = done.returncode == 0
        return "" if is_well else f"No run can begin: {why}. `twinhub up` says what to do."

    def close(self) -> None:
        """Let go of nothing: there is nothing open."""

    def _reap(self, name: str) -> None:
        if (child := self._children.get(name)) is None:
            return
        try:
            has_ended = os.waitpid(child, os.WNOHANG)[0] == child
        except ChildProcessError:
            has_ended = True
        if has_ended:
            self._children.pop(name, None)

    def _find_agent(self, name: str) -> int | None:
        return find_agent(self.runs / name / "in")

    def _outside(self, name: str) -> Path:
        return self.runs / name / "out"

    def _start(self, spec: SandboxSpec) -> int:
        command, log = self._command(spec), str(spec.outside.parent / "sandbox.log")
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        try:
            return os.posix_spawn(
                command[0], command, _variables(spec), setsid=True,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, log, flags, 0o600),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
            )  # fmt: skip
        except OSError as error:
            raise ImpossibleError(f"{command[0]}: {error.strerror}") from error

    def _wait_until_begun(self, spec: SandboxSpec, child: int) -> None:
        """Wait until the agent holds its lock, or bubblewrap has failed."""
        waiting = _PidFile.open(child)
        pause = _FIRST_PAUSE
        left = _BEGIN_SECONDS
        while not was_begun(spec.outside):
            if waiting is None or waiting.wait(pause):
                if was_begun(spec.outside):
                    return
                raise BackendError(_last_line(spec.outside.parent / "sandbox.log"))
            left -= pause
            if left <= 0:
                os.kill(child, signal.SIGKILL)
                raise BackendError(f"it has not begun within {_BEGIN_SECONDS:g} s")
            pause = min(_SLOWER * pause, 0.01)

    def _command(self, spec: SandboxSpec) -> list[str]:
        software = self.environments / spec.environment
        mounts = (
            *((Mount(software, PLACE),) if spec.environment else ()), *spec.mounts,
            Mount(spec.inside, INSIDE), Mount(spec.outside, OUTSIDE, writable=True),
        )  # fmt: skip
        agent = (
            self.python, "-I", "-S", f"{INSIDE}/twinhub_agent/start.py", INSIDE, OUTSIDE,
            f"oom={_OUT_OF_MEMORY_FIRST}", *_limits(spec.limits), *_of_all(spec.limits),
        )  # fmt: skip
        options = ["--as-pid-1", *(["--unshare-net"] if spec.egress in _CLOSED else [])]
        return self._sandbox(mounts, options, agent, spec.limits)

    def command_of(
        self, limits: Limits, mounts: Iterable[Mount], options: Sequence[str],
        command: Sequence[str],
    ) -> list[str]:  # fmt: skip
        """Return the command that runs another in a sandbox, with further options of bubblewrap."""
        return [
            _program("choom"), "--adjust", _OUT_OF_MEMORY_FIRST, "--",
            _program("prlimit"), *(f"--{one}" for one in _limits(limits)), "--",
            *self._sandbox(mounts, options, command, limits),
        ]  # fmt: skip

    def _sandbox(
        self, mounts: Iterable[Mount], options: Sequence[str], command: Sequence[str],
        limits: Limits,
    ) -> list[str]:  # fmt: skip
        size = [] if limits.memory_bytes is None else ["--size", str(limits.memory_bytes)]
        return [
            _program("bwrap"), "--unshare-pid", "--unshare-ipc", "--unshare-uts",
            *_namespaces(), *options,
            "--hostname", "run", "--new-session",
            *(word for one in self.system for word in _bind(one)),
            "--perms", "1777", *size, "--tmpfs", "/tmp", "--dev", "/dev", "--proc", "/proc",  # noqa: S108
            "--perms", "1777", "--size", str(_SHARED_MEMORY), "--tmpfs", "/dev/shm",  # noqa: S108
            *(word for one in mounts for word in _bind(one)),
            "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--", *command,
        ]  # fmt: skip

    def _signal(self, name: str, number: int) -> _PidFile | None:
        """Send a signal to the agent of a sandbox; return it, or None where there is none."""
        pid = self._find_agent(name)
        found = None if pid is None else _PidFile.open(pid)
        if found is None or self._find_agent(name) != pid:
            return None
        found.send(number)
        return found


@dataclass(frozen=True)
class _PidFile:
    """A process by a descriptor, so that no other one is ever meant (pidfd_open(2))."""

    descriptor: int

    @classmethod
    def open(cls, pid: int) -> _PidFile | None:
        try:
            return cls(os.pidfd_open(pid))
        except ProcessLookupError:
            return None

    def send(self, number: int) -> None:
        try:
            signal.pidfd_send_signal(self.descriptor, number)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise BackendError("the sandbox belongs to somebody else") from error

    def wait(self, seconds: float) -> bool:
        """Return whether it has ended within so long."""
        return bool(select.select([self.descriptor], [], [], seconds)[0])

    def __del__(self) -> None:
        os.close(self.descriptor)


def _namespaces() -> tuple[str, ...]:
    """Return what has nobody inside make namespaces, where file systems in memory have no limit."""
    return () if os.geteuid() == 0 else ("--unshare-user", "--disable-userns")


def _variables(spec: SandboxSpec) -> Mapping[str, str]:
    """Return the variables of a sandbox: programs of its twin's software come first."""
    if not spec.environment:
        return spec.variables
    return {**spec.variables, "PATH": f"{PLACE}/bin:{spec.variables.get('PATH', os.defpath)}"}


def _limits(limits: Limits) -> list[str]:
    """Return limits as prlimit(1) calls them; an agent takes them itself, which is a start less."""
    files = _at_most(limits.open_files, resource.RLIMIT_NOFILE)
    most = limits.memory_bytes
    return ["core=0", f"nofile={files}", *([] if most is None else [f"data={most + _MORE_BYTES}"])]


def _of_all(limits: Limits) -> list[str]:
    """Return the limits of all processes together that an agent takes.

    Processes are counted by the user namespace in which it does so (Linux 5.14), outside of which
    they would be those of everybody; no namespace is made for root, who has no such limit.
    """
    most = _at_most(limits.processes, resource.RLIMIT_NPROC)
    memory = [] if limits.memory_bytes is None else [f"memory={limits.memory_bytes}"]
    return [f"nproc={most}", *memory]


def _at_most(wanted: int, kind: int) -> int:
    """Return a limit that this process may set."""
    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def _bind(mount: Mount) -> tuple[str, str, str]:
    return "--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target


def _system() -> Iterator[Mount]:
    for name in _SYSTEM:
        if Path(name).exists():
            yield Mount(Path(name), name)


def _program(name: str) -> str:
    return shutil.which(name) or f"/usr/bin/{name}"


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    return lines[-1] if lines else "bubblewrap ended without a word"
