"""Lists over 100,000 runs that somebody has had, and what the runner holds while it is idle."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from sqlalchemy import insert
from twinhub_api.runner.runs import Status, Target
from twinhub_kit.database import Database
from twinhub_kit.migrations import migrate
from twinhub_runner.identifiers import make_run_id
from twinhub_runner.store.rows import RunRow

from tests.bench.loading import ask, request_bytes
from tests.bench.report import Figure, p95
from tests.fixtures.runner import lay_out_twins, run_runner

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = 100_000
_LIST_GOAL, _IDLE_GOAL, _MIB = 20.0, 120.0, 2**20
_SECONDS, _IDLE_SECONDS = 4.0, 10.0
_TWINS, _OPEN = 50, 20
_PATHS = {
    "newest 100": "/api/runs",
    "100 of long ago": f"/api/runs?after={RUNS // 2}",
    "100 of a twin": "/api/runs?twin=alice/digital_twins/tank7",
    "what goes on": "/api/runs?open=true",
}


def run() -> Iterator[Figure]:
    """Measure it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        root, state = Path(folder) / "assets", Path(folder) / "state"
        state.mkdir()
        lay_out_twins(root)
        _fill(state)
        with run_runner(root, state) as running:
            assert running.process is not None
            server = psutil.Process(running.process.pid)
            before = sum(server.cpu_times()[:2])
            time.sleep(_IDLE_SECONDS)
            spent = 100 * (sum(server.cpu_times()[:2]) - before) / _IDLE_SECONDS
            yield Figure("runner", "idle: processor", spent, "%", 1)
            memory = server.memory_info().rss / _MIB
            yield Figure("runner", "idle: memory", memory, "MiB", 1, goal=_IDLE_GOAL)
            port = int(running.url.rpartition(":")[2])
            for name, path in _PATHS.items():
                request = request_bytes(path, headers="Authorization: token token-of-alice\r\n")
                times = ask(port, request, _SECONDS, connections=1).milliseconds
                yield Figure("runner", f"list of {RUNS:,} runs: {name}, p95", p95(times), "ms",
                             len(times), goal=_LIST_GOAL)  # fmt: skip
            memory = server.memory_info().rss / _MIB
            yield Figure("runner", "memory after lists", memory, "MiB", 1)


def _fill(state: Path) -> None:
    """Write down runs as they are after some years: of two owners, of whom one is in a team."""
    database = Database(f"sqlite:///{state}/runner.sqlite")
    migrate(database, "twinhub_runner")
    now = time.time()
    with database.session() as session:
        for first in range(0, RUNS, 10_000):
            session.execute(insert(RunRow), [_row(at, now) for at in range(first, first + 10_000)])
    database.close()


def _row(number: int, now: float) -> dict[str, object]:
    is_open = number >= RUNS - _OPEN
    begun = now - 60.0 * (RUNS - number)
    return {
        "id": make_run_id(), "twin": f"alice/digital_twins/tank{number % _TWINS}",
        "phase": "execute", "owner": "bob" if number % 10 == 0 else "alice",
        "team": "pumps" if number % 5 == 0 else "", "target": Target.RUN.value,
        "status": (Status.WAITING if is_open else Status.SUCCEEDED).value,
        "keys": [f"alice/digital_twins/tank{number % _TWINS}"], "parameters": {"power": 3},
        "plan": {"phase": "execute", "processes": {}}, "exit_code": None if is_open else 0,
        "waits_for": None, "not_before": now + 1e6 if is_open else 0.0, "created_at": begun,
        "started_at": None if is_open else begun + 1, "ended_at": None if is_open else begun + 9,
    }  # fmt: skip
