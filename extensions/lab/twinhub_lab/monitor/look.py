"""One look at the workspace: its figures, its processes, its disks."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_lab.monitor.figures import Group

MOST_PROCESSES = 1000
_LONGEST = 200


class Looker:
    """Looks again and again; shares of CPU are those since the look before."""

    def __init__(self, group: Group, folders: Sequence[Path]) -> None:
        """Look at a control group and at the disks of folders."""
        self._group, self._folders = group, folders
        self._before: tuple[float, float] | None = None
        self._known: dict[tuple[int, float], psutil.Process] = {}

    def look(self) -> dict[str, object]:
        """Return what the page shows."""
        cpu = self._group.cpu()
        return {
            "at": time.time(),
            "cpu": asdict(cpu) | {"cores": self._share(cpu.seconds)},
            "memory": asdict(self._group.memory()),
            "disks": disks(self._folders),
            "processes": self._processes(),
        }

    def _share(self, seconds: float | None) -> float | None:
        """Return how many cores were at work since the look before."""
        if seconds is None:
            return None
        now, before = time.monotonic(), self._before
        self._before = (now, seconds)
        if before is None or now <= before[0]:
            return None
        return max(0.0, (seconds - before[1]) / (now - before[0]))

    def _processes(self) -> list[dict[str, object]]:
        """Return the processes that use most; whatever has ended meanwhile is left out."""
        known, self._known = self._known, {}
        rows: list[dict[str, object]] = []
        for process in psutil.process_iter():
            try:
                key = (process.pid, process.create_time())
                one = self._known[key] = known.get(key, process)
                rows.append(_row(one))
            except psutil.Error:
                continue
        rows.sort(key=lambda row: (row["cpu"], row["memory"]), reverse=True)
        return rows[:MOST_PROCESSES]


def end_process(pid: int, started: float) -> bool:
    """Ask one of the user's own processes to end; False where it is not there any more.

    Raises:
        PermissionError: it is not the user's, or the workspace cannot be without it.
    """
    try:
        process = psutil.Process(pid)
        is_same = abs(process.create_time() - started) <= 0.01  # noqa: PLR2004 - seconds
        if not is_same:  # another with its number
            return False
        if is_needed(process):
            raise PermissionError("The workspace itself stands on this process.")
        process.terminate()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied as error:
        raise PermissionError("This process belongs to somebody else.") from error
    return True


def is_needed(process: psutil.Process) -> bool:
    """Return whether it is the first process, the server, the monitor or what it stands on."""
    me = psutil.Process()
    return process.pid in {1, me.pid} or process in me.parents()


def disks(folders: Sequence[Path]) -> list[dict[str, object]]:
    """Return each disk once, under the first folder that is on it."""
    seen: set[int] = set()
    found: list[dict[str, object]] = []
    for folder in folders:
        try:
            device, usage = folder.stat().st_dev, shutil.disk_usage(folder)
        except OSError:
            continue
        where = str(folder)
        found.append(
            {
                "folder": where,
                "is_shared": device in seen,
                "used": usage.used,
                "total": usage.total,
                "free": usage.free,
            }
        )
        seen.add(device)
    return found


def _row(process: psutil.Process) -> dict[str, object]:
    with process.oneshot():
        words = process.cmdline() or [f"[{process.name()}]"]
        return {
            "pid": process.pid,
            "started": process.create_time(),
            "name": process.name(),
            "command": _plain(" ".join([Path(words[0]).name, *words[1:]])),
            "cpu": process.cpu_percent() / 100,
            "memory": process.memory_info().rss,
            "can_end": process.uids().real == os.getuid() and not is_needed(process),
        }


def _plain(text: str) -> str:
    seen = "".join(c if c.isprintable() else " " for c in text)
    return seen if len(seen) <= _LONGEST else f"{seen[: _LONGEST - 1]}…"
