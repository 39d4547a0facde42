"""``run-tool NAME -- COMMAND``: runs one tool in a session of its own, for as long as the server.

It makes the folder of the tool's socket and log, which only the user can open; keeps the end of
what the tool prints; and ends the tool, with all that it has started, on SIGTERM or when the
server, which holds the other end of standard input, is gone. It needs nothing but Python.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

LARGEST_LOG = 256 * 1024
"""Bytes; a log that has become larger keeps its later half."""

_GRACE_SECONDS = 5.0
_BLOCK = 64 * 1024
_USAGE = "run-tool: use `run-tool NAME -- COMMAND [ARGUMENT …]`\n"
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


class BoundedLog:
    """A file with the end of what was written to it."""

    def __init__(self, path: Path, largest: int = LARGEST_LOG) -> None:
        """Begin anew, readable by the user alone."""
        self._largest = largest
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)

    def write(self, block: bytes) -> None:
        """Add a block; a full disk loses it, and nothing else."""
        with contextlib.suppress(OSError):
            os.write(self._file, block)
            size = os.lseek(self._file, 0, os.SEEK_CUR)
            if size > self._largest:
                kept = os.pread(self._file, self._largest // 2, size - self._largest // 2)
                os.ftruncate(self._file, 0)
                os.lseek(self._file, 0, os.SEEK_SET)
                os.write(self._file, kept)


class Run:
    """One run of a tool."""

    def __init__(self, command: list[str], log: BoundedLog) -> None:
        """Start the program.

        Raises:
            OSError: it cannot be started.
        """
        self._log = log
        self._is_ending = False
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self._wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509 - no threads
        )

    def wait(self, server: int) -> int:
        """Return the program's status when it has ended, and nothing of it is left."""
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        output = self._process.stdout.fileno()
        os.set_blocking(output, False)
        with selectors.DefaultSelector() as selector:
            for fd in (output, server, self._wake_read):
                selector.register(fd, selectors.EVENT_READ)
            while not self._is_ending and self._process.poll() is None:
                for key, _ in selector.select():
                    if not self._take(key.fd, output, server):
                        selector.unregister(key.fd)
                _reap_others(self._process.pid)
        self._finish()
        self._take(output, output, server)
        return self._process.returncode

    def _take(self, fd: int, output: int, server: int) -> bool:
        """Read what has come and return whether more may come."""
        try:
            block = os.read(fd, _BLOCK)
        except BlockingIOError:
            return True
        if fd == output:
            self._log.write(block)
        elif fd == server and not block:
            self._is_ending = True
        return bool(block)

    def _end(self, *_: object) -> None:
        self._is_ending = True

    def _finish(self) -> None:
        """End what still runs: politely, then not."""
        deadline = time.monotonic() + _GRACE_SECONDS
        for number in (signal.SIGTERM, signal.SIGKILL):
            while (left := _descendants(os.getpid())) and (
                number == signal.SIGKILL or time.monotonic() < deadline
            ):
                _signal(left, number)
                time.sleep(0.05)
                self._process.poll()
                _reap_others(self._process.pid)
        self._process.wait()


def main(arguments: list[str]) -> int:
    """Run a tool and return its exit status."""
    if len(arguments) < 3 or arguments[1] != "--":  # noqa: PLR2004 - name, two hyphens, program
        sys.stderr.write(_USAGE)
        return 2
    folder = _folder(arguments[0])
    log = BoundedLog(folder / "log")
    try:
        status = Run(arguments[2:], log).wait(sys.stdin.fileno())
    except OSError as error:
        log.write(f"run-tool: {arguments[2]}: {error.strerror}\n".encode())
        return 127
    log.write(f"run-tool: ended with status {status}\n".encode())
    return status if status >= 0 else 128 - status


def _folder(name: str) -> Path:
    """Return the tool's folder, new or emptied of an old socket."""
    parent = Path(os.environ.get("JUPYTER_RUNTIME_DIR") or "/tmp/twinhub-runtime") / "tools"  # noqa: S108
    folder = parent / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for one in (parent.parent, parent, folder):
        one.chmod(0o700)
    (folder / "socket").unlink(missing_ok=True)
    return folder


def _descendants(pid: int) -> list[int]:
    """Return all processes that descend from one; those that have ended are not among them."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            state, parent = stat.read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
            if state != "Z":
                children.setdefault(int(parent), []).append(int(stat.parent.name))
    found, todo = [], [pid]
    while todo:
        todo += (mine := children.get(todo.pop(), []))
        found += mine
    return found


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _reap_others(program: int) -> None:
    """Collect orphans of the tool, but leave the tool's own process to its owner."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid == program:
            return
        with contextlib.suppress(ChildProcessError):
            os.waitpid(ended.si_pid, os.WNOHANG)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
