"""Runs the user's start hook beside the server: bounded in time and log, and never silent.

Its output goes to ``~/.local/state/twinhub/on-start.log``. After ``LIMIT_SECONDS`` the hook ends
with everything that it started. What a hook that ended in time leaves running stays.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time

from twinhub_programs.homefiles import ensure_folder, kind_of, remove, say

LIMIT_SECONDS = 60
LOG_BYTES = 1_000_000
_GRACE_SECONDS = 2
_CHUNK = 65536
_MARK = "TWINHUB_HOOK"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def main(_arguments: list[str]) -> int:
    """Run ``~/.config/twinhub/on-start.sh`` and return its exit status, or 124 at the limit."""
    home = os.environ["HOME"]
    hook = f"{home}/.config/twinhub/on-start.sh"
    log = _Log(home)
    if not os.path.isfile(hook):
        log.end("the start hook is not a file, and was not run")
        return 126
    log.write(f"[{_now()}] {hook}\n".encode())
    os.setsid()
    os.nice(5)  # the server comes first
    mark = f"{os.getpid()}-{time.time_ns()}"
    process = subprocess.Popen(
        ["/bin/bash", hook], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={**os.environ, _MARK: mark}, cwd=home,
    )  # fmt: skip
    return _watch(process, log, mark)


def _watch(process: subprocess.Popen[bytes], log: _Log, mark: str) -> int:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    pipe = process.stdout.fileno()
    os.set_blocking(pipe, False)
    until = time.monotonic() + _limit()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        is_open = True
        while process.poll() is None and time.monotonic() < until:
            if is_open and selector.select(0.1):
                is_open = _pump(pipe, log)
            elif not is_open:
                time.sleep(0.05)
        status = process.poll()
        if status is None:
            _kill_marked(mark)
            process.wait()
            _pump(pipe, log)
            log.end(f"the start hook was stopped after {_limit():g} seconds, with what it started")
            return 124
        is_open = is_open and _pump(pipe, log)
        status = status if status >= 0 else 128 - status
        log.end(f"the start hook ended with exit code {status}", is_fault=status != 0)
        while is_open:  # something that it started goes on, and may have something to say
            selector.select()
            is_open = _pump(pipe, log)
    return status


def _pump(pipe: int, log: _Log) -> bool:
    """Take what is there into the log; return whether more may come."""
    while True:
        try:
            chunk = os.read(pipe, _CHUNK)
        except BlockingIOError:
            return True
        if not chunk:
            return False
        log.write(chunk)


def _limit() -> float:
    """Return the limit, which a site may shorten."""
    try:
        return min(LIMIT_SECONDS, float(os.environ.get("TWINHUB_HOOK_SECONDS", LIMIT_SECONDS)))
    except ValueError:
        return LIMIT_SECONDS


def _kill_marked(mark: str) -> None:
    """End every process that the hook started, in whatever session: its variables tell."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + _GRACE_SECONDS
        while found := _marked(mark):
            for pid in found:
                _send(pid, number)
            if time.monotonic() > until:
                break
            time.sleep(0.05)


def _marked(mark: str) -> list[int]:
    variable = f"{_MARK}={mark}".encode()
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    if variable in file.read().split(b"\0"):
                        found.append(int(name))
            except OSError:
                continue
    return found


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S %Z")


class _Log:
    """The log of one run, in place of that of the run before; at its bound it says so and ends."""

    def __init__(self, home: str) -> None:
        self._left = LOG_BYTES
        self._file: int | None = None
        self._path = f"{home}/.local/state/twinhub/on-start.log"
        try:
            os.makedirs(f"{home}/.local/state", exist_ok=True)
            ensure_folder(f"{home}/.local/state/twinhub", above=f"{home}/.local/state")
            if kind_of(self._path) != "nothing":
                remove(self._path)
            self._file = os.open(self._path, _NEW, 0o600)
        except OSError as error:
            say(f"the log of the start hook cannot be written: {error}")

    def write(self, content: bytes) -> None:
        """Add to the log, as far as its bound allows."""
        if self._left <= 0:
            return
        if len(content) > self._left:
            content = content[: self._left] + b"\n[the log ends here: it is full]\n"
        self._left -= len(content)
        self._add(content)

    def end(self, text: str, *, is_fault: bool = True) -> None:
        """Add the last word, for which there is always room; the server's log tells a fault."""
        self._add(f"[{_now()}] {text}\n".encode())
        if is_fault:
            say(f"{text}; its output is in {self._path}")

    def _add(self, content: bytes) -> None:
        try:
            os.write(2 if self._file is None else self._file, content)
        except OSError as error:  # a disk that has become full
            say(f"the log of the start hook cannot be written: {error}")
            self._left = 0
