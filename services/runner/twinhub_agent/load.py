"""How much the processes of a phase use right now, by what ``/proc`` of the sandbox says."""

from __future__ import annotations

import os
import time

from twinhub_agent.bare import suppress
from twinhub_agent.journal import write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twinhub_agent.processes import Process

    _Seen = tuple[int, int, int, float, int]

_MOST = 4096
"""Processes that are looked at: of more it is not told what they use."""
OTHERS = "others"
"""What is called so that has left the session of its process and lost its parent."""


class Load:
    """Writes down what is used: cores, bytes of memory, number of processes."""

    def __init__(self, path: str) -> None:
        """Write to a file, which is complete whenever it is there."""
        self._path = path
        self._seconds: dict[int, float] = {}
        self._at = 0.0

    def look(self, processes: Iterable[Process]) -> None:
        """Look again; only the first process of a sandbox sees all in it, and nothing else."""
        if os.getpid() != 1:
            return
        now = time.monotonic()
        names = {one.pid: one.name for one in processes if one.pid is not None}
        with suppress(OSError):  # a full disk: what runs goes on
            write_whole(self._path, {"processes": self._measure(names, now)}, lasting=False)

    def _measure(self, names: Mapping[int, str], now: float) -> dict[str, list[float]]:
        seen = {one[0]: one for one in _list()}
        used: dict[str, list[float]] = {name: [0.0, 0, 0] for name in names.values()}
        seconds, passed = {}, max(now - self._at, 0.001)
        for pid, one in seen.items():
            total = used.setdefault(_name_of(one, seen, names), [0.0, 0, 0])
            seconds[pid] = one[3]
            total[0] += max(0.0, one[3] - self._seconds.get(pid, 0.0)) / passed
            total[1] += one[4]
            total[2] += 1
        if not self._at:  # no earlier time to compare with
            for total in used.values():
                total[0] = 0.0
        self._seconds, self._at = seconds, now
        return {name: [round(one[0], 3), *one[1:]] for name, one in used.items()}


def _name_of(one: _Seen, seen: Mapping[int, _Seen], names: Mapping[int, str]) -> str:
    """Return whose a process is: by its session, or that of a parent."""
    found: _Seen | None = one
    for _ in range(64):
        if found is None:
            break
        pid, parent, session = found[:3]
        if pid in names or session in names:
            return names.get(pid) or names[session]
        found = seen.get(parent)
    return OTHERS


def _list() -> Iterator[_Seen]:
    """Yield id, parent, session, seconds and memory of all processes but this one (proc(5))."""
    tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    count = 0
    for name in os.listdir("/proc"):
        if not name.isdigit() or name == "1":
            continue
        count += 1
        if count > _MOST:
            return
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue  # it has ended
        seconds = sum(map(int, fields[11:15])) / tick
        yield int(name), int(fields[1]), int(fields[3]), seconds, int(fields[21]) * page
