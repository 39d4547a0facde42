"""Stops every phase of this twin that runs, and what is left of those that were killed.

    python3 -I lifecycle/twin/stop.py

Each is asked first and killed later. Only the standard library is used.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any, Dict, List  # noqa: UP035  # as in Python 3.8

RUNS = Path(__file__).resolve().parent.parent.parent / ".twin" / "run"
POLL_SECONDS = 0.05
STATE, STARTED = 0, 19
State = Dict[str, Any]  # noqa: UP006  # as in Python 3.8
Recorded = List[Any]  # noqa: UP006
"""The number of a process and when it started."""


def say(text: str) -> None:
    """Print a line about what is done."""
    print(f"twin: {text}", file=sys.stderr, flush=True)


def status_of(pid: int, at: int) -> str | None:
    """Return one of the fields after the name in ``/proc/PID/stat``, see proc(5)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[at]
    except OSError:
        return None


def is_alive(process: Recorded) -> bool:
    """Return whether a recorded process still runs; one that only waits to be noticed does not."""
    return is_left(process) and status_of(process[0], STATE) != "Z"


def is_left(group: Recorded) -> bool:
    """Return whether a recorded process, or another of its group, is still there."""
    pid, started = group[0], group[1]
    try:
        os.killpg(pid, 0)
    except PermissionError:
        return False
    except ProcessLookupError:
        return started is not None and status_of(pid, STARTED) == started
    return status_of(pid, STARTED) in {started, None}


def read_state(file: Path) -> State | None:
    """Return what is recorded about a run, or None."""
    try:
        state: State = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return state


def stop_left() -> int:
    """Stop every phase that runs, and what is left of those that were killed."""
    for file in sorted(RUNS.glob("*.json")):
        state = read_state(file)
        if state is not None:
            _stop(file.stem, state)
        with contextlib.suppress(OSError):
            file.unlink()
    for file in RUNS.glob("*.secrets"):
        remove_secrets(file.stem)
    return 0


def _stop(name: str, state: State) -> None:
    if is_alive(state["pid"]):
        say(f"stopping {name}")
        os.kill(state["pid"][0], signal.SIGTERM)
        _wait_for_end([state["pid"]], state["grace"] + 5)
    left = [group for group in state["groups"] if is_left(group)]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for group in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group[0], number)
        _wait_for_end(left, 5)


def _wait_for_end(processes: list[Recorded], seconds: float) -> None:
    until = time.monotonic() + seconds
    while any(map(is_alive, processes)) and time.monotonic() < until:
        time.sleep(POLL_SECONDS)


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


if __name__ == "__main__":
    sys.exit(stop_left())
