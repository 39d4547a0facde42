"""How fast a log goes from what prints it to who follows it, and how late a line is.

Beside the throughput stands the same program into a file through a pipe.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import httpx
import psutil
from websockets.sync.client import connect

from tests.bench.report import Figure, p95
from tests.fixtures.runner import run_runner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.runner import RunningRunner

LINES = 500_000
_TEXT = "x" * 99
_LATE, _MIB = 100.0, 2**20
_PRINT = f"import sys\nfor _ in range({LINES}): sys.stdout.write('{_TEXT}\\n')\n"
_TELL = (
    "import time\nfor _ in range(300):\n    print(time.time(), flush=True)\n    time.sleep(0.02)\n"
)
_TWIN = """\
format: 1
name: printer
phases:
  execute: /usr/bin/python3 print.py
  tell: /usr/bin/python3 tell.py
"""
_HEADERS = {"Authorization": "token token-of-carol"}


def run() -> Iterator[Figure]:
    """Measure it with the back end of processes: logs are alike in all."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        twin = Path(folder) / "assets" / "carol" / "digital_twins" / "printer"
        twin.mkdir(parents=True)
        for name, text in (("twin.yaml", _TWIN), ("print.py", _PRINT), ("tell.py", _TELL)):
            (twin / name).write_text(text)
        with run_runner(Path(folder) / "assets", Path(folder) / "state") as running:
            late = _latencies(running)
            yield Figure("runner", "log: printed to heard, p50", median(late), "ms", len(late))
            yield Figure(
                "runner", "log: printed to heard, p95", p95(late), "ms", len(late), goal=_LATE
            )
            yield from _throughput(running, twin)


def _throughput(running: RunningRunner, twin: Path) -> Iterator[Figure]:
    assert running.process is not None
    server = psutil.Process(running.process.pid)
    before = server.memory_info().rss
    begun = time.perf_counter()
    size = sum(len(text) + 1 for text in _follow(running, "execute"))
    heard = time.perf_counter() - begun
    grown = (server.memory_info().rss - before) / _MIB
    begun = time.perf_counter()
    with (twin / "plain").open("wb") as file:
        command = f"/usr/bin/python3 {twin}/print.py | cat"
        subprocess.run(["sh", "-c", command], stdout=file, check=True)
    plain = time.perf_counter() - begun
    yield Figure("runner", "log: a follower hears", size / _MIB / heard, "MiB/s", 1,
                 versus="a pipe into a file", base=size / _MIB / plain)  # fmt: skip
    yield Figure("runner", "log: memory that the server has grown by", grown, "MiB", 1, goal=50.0)


def _latencies(running: RunningRunner) -> list[float]:
    late = [1000 * (time.time() - float(text)) for text in _follow(running, "tell")]
    return late[1:]  # before the first one the sandbox was made


def _follow(running: RunningRunner, phase: str) -> Iterator[str]:
    """Ask for a phase; yield what it prints as it is heard."""
    asked = {"twin": "printer", "phases": [phase]}
    answer = httpx.post(f"{running.url}/api/runs", json=asked, headers=_HEADERS, trust_env=False)
    run = answer.raise_for_status().json()["runs"][0]["id"]
    address = f"{running.url.replace('http', 'ws', 1)}/api/runs/{run}/log/socket"
    with connect(address, additional_headers=_HEADERS, proxy=None, max_size=None) as socket:
        for message in socket:
            for line in json.loads(message)["lines"]:
                yield line["text"]
