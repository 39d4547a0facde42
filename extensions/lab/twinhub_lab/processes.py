"""Signs of work from the process table of a workspace, which has a PID namespace of its own."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import psutil

from twinhub_lab.signs import Sign

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

WORKING_SHARE = 0.05
"""Of one core, on average since the last look; an open JupyterLab takes less."""

_LOCAL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""The first and the last port that the system chooses for a program; see ip(7)."""


class Processes:
    """Looks at all processes but one, the Jupyter server's."""

    def __init__(self, server: int) -> None:
        """Leave out the server with this pid."""
        self._server = server
        self._before: tuple[float, float] | None = None
        self._first_not_chosen = int(_LOCAL_PORTS.read_text("ascii").split()[0])

    def look(self, kernels: Collection[int], shells: Mapping[str, int]) -> list[Sign]:
        """Return what is seen, given the pids of kernels and, by their names, of terminals."""
        table = {process.pid: process for process in psutil.process_iter(["ppid", "name"])}
        theirs = {*kernels, *shells.values()}
        return [
            *self._cpu(table.values()),
            *_jobs(table.values(), shells),
            *self._ssh(table.values()),
            *self._sockets(table, theirs),
        ]

    def _cpu(self, table: Collection[psutil.Process]) -> Iterator[Sign]:
        """Yield the share of a core since the last look; nothing at the first."""
        spent, now = sum(map(self._seconds, table)), monotonic()
        before, self._before = self._before, (spent, now)
        if before is not None and now > before[1]:
            share = max(0.0, (spent - before[0]) / (now - before[1]))
            yield Sign("cpu", "", f"{share:.0%} of a core", works=share >= WORKING_SHARE)

    def _seconds(self, process: psutil.Process) -> float:
        """Return the CPU time of a process and of its children that have ended."""
        with suppress(psutil.Error):
            times = process.cpu_times()
            own = 0.0 if process.pid == self._server else times.user + times.system
            return float(own + times.children_user + times.children_system)
        return 0.0

    def _ssh(self, table: Collection[psutil.Process]) -> Iterator[Sign]:
        """Yield SSH connections that the server carries: each has an sshd, and no TCP socket."""
        if any(p.info["ppid"] == self._server and _name(p).startswith("sshd") for p in table):
            yield Sign("ssh", "", "connected", works=True)

    def _sockets(
        self, table: Mapping[int, psutil.Process], theirs: Collection[int]
    ) -> Iterator[Sign]:
        """Yield open ports of services and connections by SSH.

        A service that a person has started at a port of their choice works as long as the port is
        open. A tool that the Jupyter server has started to show it in the browser, and what listens
        where the system let it, such as the debugger of a kernel, work while somebody is connected.
        """
        connections = psutil.net_connections("tcp")
        busy = {_port(c) for c in connections if c.status == psutil.CONN_ESTABLISHED}
        seen: set[int] = set()
        for connection in connections:
            pid = connection.pid
            if pid is None or pid == self._server or pid not in table:
                continue
            name, port = _name(table[pid]), _port(connection)
            if connection.status == psutil.CONN_ESTABLISHED and name.startswith("sshd"):
                yield Sign("ssh", "", "connected", works=True)
            elif connection.status == psutil.CONN_LISTEN and port not in seen:
                seen.add(port)
                is_chosen = port < self._first_not_chosen
                works = port in busy or (is_chosen and self._is_a_persons(pid, table, theirs))
                state = f"open ({name})" if works else f"nobody is connected ({name})"
                yield Sign("port", str(port), state, works=works)

    def _is_a_persons(
        self, pid: int, table: Mapping[int, psutil.Process], theirs: Collection[int]
    ) -> bool:
        """Return whether a process descends from a kernel or a terminal, or was left by one."""
        while pid in table and pid not in theirs:
            if pid == self._server:
                return False
            pid = table[pid].info["ppid"] or 0
        return True


def _jobs(table: Collection[psutil.Process], shells: Mapping[str, int]) -> Iterator[Sign]:
    names: dict[int, list[str]] = {}
    for process in table:
        names.setdefault(process.info["ppid"] or 0, []).append(_name(process))
    for name, shell in shells.items():
        jobs: Sequence[str] = sorted(names.get(shell, ()))
        state = f"runs {', '.join(jobs)}" if jobs else "no job"
        yield Sign("terminal", name, state, works=bool(jobs))


def _port(connection: object) -> int:
    """Return the port on this side; 0 without one."""
    return int(getattr(getattr(connection, "laddr", None), "port", 0))


def _name(process: psutil.Process) -> str:
    return str(process.info["name"] or "?")
