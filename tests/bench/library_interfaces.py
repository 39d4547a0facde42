"""Listing 200 files and reading a small one over GraphQL and REST, beside a bare ASGI application.

Each is asked the same requests by `loading` over 8 connections, in turns, so that what else the
machine does counts for all alike; figures are medians of the rounds. Times are per answer while 8
are under way, which is 1000 divided by the answers in a second.

The processor's time for an answer is beside it: on a machine that does other work too, it says more
than the time on the clock.

The absolute goals are of DTaaS's own server (libms 0.5.4) on a quiet machine with two cores: 233
listings and 1,950 readings in a second, 174 MiB. Twice its listings and its readings are to be
passed; on a machine that does other work too, only the ratios say something.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import psutil

from tests.bench.loading import CONNECTIONS, Load, ask, request_bytes
from tests.bench.report import Figure, p95
from tests.fixtures.library import run_library
from tests.fixtures.waiting import wait_for
from tests.unit.library.graphql.asking import LIST, READ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = 200
_ROUNDS = int(os.environ.get("BENCH_N", "5"))
_SECONDS = 2.0
_LISTINGS, _READINGS, _MEBIBYTES = 2 * 233, 1950, 174
_MIB = 2**20
_HALF = 2.0
"""Of the bare application's answers in a second: twice its time."""


@dataclass(frozen=True)
class _Server:
    """What is asked."""

    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Return how long it has had a processor."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


def run() -> Iterator[Figure]:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as running:
        root = Path(place) / "assets"
        folder = root / "user1" / "data"
        folder.mkdir(parents=True)
        for number in range(FILES):
            (folder / f"measurement-{number:03}.csv").write_text("time,level\n0,1.5\n1,1.25\n")
        library = running.enter_context(run_library(root))
        bare = running.enter_context(_bare(folder, folder / "measurement-000.csv"))
        server = _Server(library.port, psutil.Process(library.process.pid))
        yield from _compare(server, bare)
        memory = psutil.Process(library.process.pid).memory_info().rss / _MIB
        yield Figure("library", "memory of the server after it", memory, "MiB", 1, goal=_MEBIBYTES)


def _compare(library: _Server, bare: _Server) -> Iterator[Figure]:
    listing, reading = _query(LIST, "user1/data"), _query(READ, "user1/data/measurement-000.csv")
    ways = {
        "bare listing": (bare, request_bytes("/list", listing)),
        "GraphQL listing": (library, request_bytes("/lib", listing)),
        "REST listing": (library, request_bytes("/api/folders/user1/data")),
        "bare reading": (bare, request_bytes("/read", reading)),
        "GraphQL reading": (library, request_bytes("/lib", reading)),
        "REST reading": (library, request_bytes("/api/files/user1/data/measurement-000.csv")),
    }
    loads, cpu = _measure(ways)
    _check(loads)
    for kind, goal in (("listing", _LISTINGS), ("reading", _READINGS)):
        base = _each(loads[f"bare {kind}"])
        for way in ("GraphQL", "REST"):
            name = f"{way} {kind}"
            what = f"{name}, each of {CONNECTIONS} at once"
            value, rounds = _each(loads[name]), len(loads[name])
            yield Figure("library", what, value, "ms", rounds, versus=f"bare ASGI {kind}",
                         base=base, goal=_HALF if way == "GraphQL" else None)  # fmt: skip
            yield Figure("library", what, value, "ms", rounds,
                         goal=1000 / goal if way == "GraphQL" else None)  # fmt: skip
            yield Figure("library", f"{name}, processor", cpu[name], "ms", rounds,
                         versus=f"bare ASGI {kind}", base=cpu[f"bare {kind}"],
                         goal=_HALF if way == "GraphQL" else None)  # fmt: skip
            yield Figure("library", f"{name}, answers", 1000 / value, "1/s", rounds)
            times = [one for load in loads[name] for one in load.milliseconds]
            yield Figure("library", f"{name}, p95", p95(times), "ms", len(times))


def _measure(
    ways: dict[str, tuple[_Server, bytes]],
) -> tuple[dict[str, list[Load]], dict[str, float]]:
    """Return what each way has answered in turns, and its processor's milliseconds per answer."""
    for server, request in ways.values():
        ask(server.port, request, _SECONDS / 4)  # only warms up
    loads: dict[str, list[Load]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_ROUNDS):
        for name, (server, request) in ways.items():
            before = server.cpu_seconds()
            load = ask(server.port, request, _SECONDS)
            loads[name].append(load)
            spent = server.cpu_seconds() - before
            cpu[name].append(1000 * spent / len(load.milliseconds))
    return loads, {name: median(values) for name, values in cpu.items()}


def _each(loads: list[Load]) -> float:
    return median(1000 / load.per_second for load in loads)


def _check(loads: dict[str, list[Load]]) -> None:
    """Both have answered the same, or nothing that was measured says anything."""
    for kind in ("listing", "reading"):
        ours, theirs = (json.loads(loads[f"{w} {kind}"][-1].body) for w in ("GraphQL", "bare"))
        if ours != theirs:
            raise RuntimeError(f"GraphQL and the bare application differ in {kind}")


def _query(query: str, path: str) -> bytes:
    return json.dumps({"query": query, "variables": {"path": path}}).encode()


@contextlib.contextmanager
def _bare(folder: Path, file: Path) -> Iterator[_Server]:
    """Run the bare application; yield it."""
    command = [sys.executable, "-m", "tests.bench.bare_listing", str(folder), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            wait_for(_answers(port), seconds=30, what="the bare application answers")
            yield _Server(port, psutil.Process(process.pid))
        finally:
            process.terminate()


def _answers(port: int) -> Callable[[], bool]:
    def answers() -> bool:
        try:
            ask(port, request_bytes("/read"), 0.01, connections=1)
        except OSError:
            return False
        return True

    return answers
