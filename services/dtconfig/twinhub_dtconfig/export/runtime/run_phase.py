"""Runs one phase of this twin: each process when those that it comes after are ready.

    python3 -I lifecycle/twin/run_phase.py PHASE

What is run is in plan.json beside this file. Only the standard library is used.
Exit status: that of the process that ended the phase, 124 after the time limit, 125 if a process
could not be started or was not ready in time, 128 + signal when stopped.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess  # it is what this program is for
import sys
import threading
import time
from pathlib import Path
from string import Template
from typing import IO, Any, Dict  # noqa: UP035  # as in Python 3.8

HERE = Path(__file__).resolve().parent
TWIN = HERE.parent.parent
RUNS = TWIN / ".twin" / "run"
SECRET_NAMES = re.compile(r"SECRETS_.*|SERVICES_.*_(PASSWORD|TOKEN)")
POLL_SECONDS = 0.05
Plan = Dict[str, Any]  # noqa: UP006  # as in Python 3.8
MOST_RESTARTS = 5
LONG_ENOUGH_SECONDS = 60
TIMED_OUT, NOT_READY = 124, 125


class PhaseError(Exception):
    """The phase cannot go on; the text says why."""


def put_in(text: str) -> str:
    """Return a text with ``${NAME}`` replaced by environment variables."""
    try:
        return Template(text).substitute(os.environ)
    except KeyError as error:
        raise PhaseError(f"set the environment variable {error.args[0]}") from error


def say(text: str) -> None:
    """Print a line about the phase, apart from what its processes print."""
    print(f"twin: {text}", file=sys.stderr, flush=True)


def started_at(pid: int) -> str | None:
    """Return when a process started, to tell it from a later one of the same number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


class Process:
    """One process of a phase, with all that it starts."""

    def __init__(
        self, name: str, plan: Plan, variables: dict[str, str], *, is_prefixed: bool
    ) -> None:
        """Take what is known about it; nothing is started yet."""
        self.name = name
        self.plan = plan
        self.child: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.is_ready = False
        self.restarts = 0
        self.retry_at = 0.0
        self._prefix = f"[{name}] " if is_prefixed else ""
        self._variables = dict(variables, **plan["variables"])
        self._logged = threading.Event()
        self._pumps: list[threading.Thread] = []

    def start(self) -> None:
        """Start it in a process group of its own, without a terminal."""
        command = [put_in(word) for word in self.plan["command"]]
        is_piped = bool(self._prefix) or "log" in self.plan["ready"]
        pipe = subprocess.PIPE if is_piped else None
        try:
            self.child = subprocess.Popen(
                command, cwd=str(TWIN / self.plan["folder"]), env=self._environment(),
                stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            what = error.filename or command[0]
            raise PhaseError(f"{self.name} cannot be started: {what}: {error.strerror}") from error
        self.started = time.monotonic()
        self.is_ready = not self.plan["ready"]
        streams = ((self.child.stdout, sys.stdout), (self.child.stderr, sys.stderr))
        self._pumps = [self._pump(source, to) for source, to in streams if source is not None]

    def check_ready(self) -> None:
        """Note whether it is ready now; raise if it took too long."""
        if not self.is_ready:
            self.is_ready = self._answers()
            within = self.plan["ready"]["within"]
            if not self.is_ready and time.monotonic() - self.started > within:
                kind = next(kind for kind in self.plan["ready"] if kind != "within")
                raise PhaseError(f"{self.name} was not ready ({kind}) within {within:g} seconds")

    def may_restart(self, status: int) -> bool:
        """Return whether it is to be started again after it ended; a few times in a row at most."""
        if time.monotonic() - self.started > LONG_ENOUGH_SECONDS:
            self.restarts = 0
        wanted = {"always": True, "on-failure": status != 0}.get(self.plan["restart"], False)
        if not wanted or self.restarts >= MOST_RESTARTS:
            return False
        self.restarts += 1
        self.retry_at = time.monotonic() + 0.1 * 2**self.restarts
        say(f"{self.name} ended with status {status} and is started again ({self.restarts})")
        self._signal(signal.SIGKILL)
        self.child = None
        return True

    def stop(self) -> None:
        """End it as it wishes, then by force."""
        if self.child is None:
            return
        stop = self.plan["stop"]
        if self.child.poll() is None:
            if stop["command"]:
                self._run(stop["command"], stop["grace"])
            else:
                self._signal(getattr(signal, stop["signal"]))
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(stop["grace"])
        self._signal(signal.SIGKILL)
        self.child.wait()
        for pump in self._pumps:
            pump.join(1)

    def _answers(self) -> bool:
        ready: Plan = self.plan["ready"]
        if "log" in ready:
            return self._logged.is_set()
        if "file" in ready:
            return Path(TWIN, self.plan["folder"], put_in(ready["file"])).exists()
        if "port" in ready:
            with contextlib.suppress(OSError):
                socket.create_connection(("localhost", int(put_in(ready["port"]))), 1).close()
                return True
            return False
        if "http" in ready:
            return _is_answered(put_in(ready["http"]))
        return self._run(ready["command"], 10) == 0

    def _run(self, command: list[str], seconds: float) -> int | None:
        """Run a command beside it; return its status, or None if it did not end in time."""
        try:
            return subprocess.run(
                [put_in(word) for word in command], cwd=str(TWIN / self.plan["folder"]),
                env=self._environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                timeout=seconds, check=False,
            ).returncode  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return None

    def _environment(self) -> dict[str, str]:
        known = {key: value for key, value in os.environ.items() if not SECRET_NAMES.fullmatch(key)}
        known.update((key, put_in(value)) for key, value in self._variables.items())
        programs = TWIN / ".twin" / "venv" / "bin"
        if programs.is_dir():
            known["PATH"] = "{}{}{}".format(programs, os.pathsep, known.get("PATH", os.defpath))
        return known

    def _signal(self, number: int) -> None:
        if self.child is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.child.pid, number)

    def _pump(self, source: IO[bytes], to: IO[str]) -> threading.Thread:
        pump = threading.Thread(target=self._copy, args=(source, to), daemon=True)
        pump.start()
        return pump

    def _copy(self, source: IO[bytes], to: IO[str]) -> None:
        pattern = _compiled(self.plan["ready"].get("log"))
        for line in source:
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            if pattern is not None and pattern.search(text):
                self._logged.set()
            with contextlib.suppress(OSError, ValueError):
                to.write(f"{self._prefix}{text}\n")
                to.flush()


def _compiled(log: str | None) -> re.Pattern[str] | None:
    if log is None:
        return None
    try:
        return re.compile(log)
    except re.error:  # plain text, then
        return re.compile(re.escape(log))


def _is_answered(address: str) -> bool:
    import urllib.request  # noqa: PLC0415  # half of the time that this program takes to start

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=2) as answer:
            return bool(answer.status < 400)  # noqa: PLR2004  # where errors begin
    except (OSError, ValueError):
        return False


class Phase:
    """One phase while it runs."""

    def __init__(self, name: str, plan: Plan) -> None:
        """Take what is known about it."""
        self._name = name
        self._plan = plan
        self._limit = plan["time_limit"]
        self._began = 0.0
        self._stopped_by: int | None = None
        self._running: list[Process] = []

    def run(self) -> int:
        """Run it, again after failures if it wishes; return its exit status."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note_signal)
        tries = self._plan["retries"] + 1
        for left in reversed(range(tries)):
            status = self._run_once()
            if status == 0 or self._stopped_by is not None or not left:
                break
            say(f"the phase failed with status {status} and is tried again")
        return status

    def _run_once(self) -> int:
        self._began = time.monotonic()
        variables = self._plan["variables"]
        several = len(self._plan["processes"]) > 1
        waiting = [
            Process(name, plan, variables, is_prefixed=several)
            for name, plan in self._plan["processes"].items()
        ]
        try:
            return self._supervise(waiting)
        except PhaseError as error:
            say(str(error))
            return NOT_READY
        finally:
            for process in reversed(self._running):
                process.stop()
            self._running = []

    def _supervise(self, waiting: list[Process]) -> int:
        by_name = {process.name: process for process in waiting}
        while True:
            if self._stopped_by is not None:
                return 0 if self._plan["live"] else 128 + self._stopped_by
            if self._limit and time.monotonic() - self._began > self._limit:
                say(f"the phase took longer than its limit of {self._limit:g} seconds")
                return TIMED_OUT
            self._start_next(waiting, by_name)
            for process in list(self._running):
                process.check_ready()
                status = self._ended(process, waiting)
                if status is not None:
                    return status
            if not waiting and not self._running:
                return 0
            time.sleep(POLL_SECONDS)

    def _start_next(self, waiting: list[Process], by_name: dict[str, Process]) -> None:
        for process in list(waiting):
            is_due = time.monotonic() >= process.retry_at
            if is_due and all(by_name[name].is_ready for name in process.plan["after"]):
                process.start()
                waiting.remove(process)
                self._running.append(process)
                self._write_state()

    def _ended(self, process: Process, waiting: list[Process]) -> int | None:
        """Return the status that ends the phase, or None if it goes on."""
        code = process.child.poll() if process.child is not None else None
        if code is None:
            return None
        status = code if code >= 0 else 128 - code
        if process.may_restart(status):
            self._running.remove(process)
            waiting.append(process)
            return None
        if process.plan["essential"]:
            if status:
                say(f"{process.name} ended with status {status}")
            return status
        say(f"{process.name} ended with status {status}; the phase goes on")
        process.stop()
        self._running.remove(process)
        return None

    def _note_signal(self, number: int, _frame: object) -> None:
        self._stopped_by = number

    def _write_state(self) -> None:
        pids = [one.child.pid for one in self._running if one.child is not None]
        groups = [[pid, started_at(pid)] for pid in pids]
        grace = sum(one.plan["stop"]["grace"] for one in self._running)
        pid = os.getpid()
        state = {"pid": [pid, started_at(pid)], "groups": groups, "grace": grace}
        RUNS.mkdir(parents=True, exist_ok=True)
        fresh = RUNS / f"{self._name}.{pid}.new"
        fresh.write_text(json.dumps(state), encoding="utf-8")
        fresh.replace(RUNS / (f"{self._name}.json"))


def remove_secrets(phase: str) -> None:
    """Remove the files with secrets that were made for a phase, and the links to them."""
    record = RUNS / (f"{phase}.secrets")
    try:
        folder, *links = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for link in links:
        if os.path.islink(link) and os.readlink(link).startswith(folder):
            os.unlink(link)
    shutil.rmtree(folder, ignore_errors=True)
    record.unlink()


def claim(phase: str) -> IO[str] | None:
    """Return a lock that is held while the phase runs, or None if it runs already."""
    RUNS.mkdir(parents=True, exist_ok=True)
    lock = open(RUNS / f"{phase}.lock", "w", encoding="utf-8")  # noqa: SIM115  # held to the end
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def main(arguments: list[str]) -> int:
    """Run the phase that is named; return its exit status."""
    plan = json.loads((HERE / "plan.json").read_text(encoding="utf-8"))
    if len(arguments) != 1 or arguments[0] not in plan["phases"]:
        say(f"give one phase: {', '.join(plan['phases'])}")
        return 2
    name = arguments[0]
    lock = claim(name)
    if lock is None:
        say(f"{name} runs already; stop it with ./lifecycle/terminate")
        return 2
    try:
        return Phase(name, plan["phases"][name]).run()
    finally:
        remove_secrets(name)
        with contextlib.suppress(OSError):
            (RUNS / f"{name}.json").unlink()
        lock.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
