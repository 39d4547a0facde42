"""What a neighbour notices of a run that means no good, in containers and in processes.

The neighbour answers as fast as it can for a while: how long each piece of its work takes is
measured alone and beside each kind of hostile run, in turns. What forks or takes memory without an
end is limited by an engine alone, and so is measured with one only.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_runner.backends.base import Limits, SandboxState
from twinhub_runner.identifiers import make_run_id

from tests.bench.report import Figure, p95
from tests.fixtures.engine import MEMORY
from tests.fixtures.sandboxes import open_bench
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.sandboxes import Bench

_GOAL = 2.0
_ROUNDS = int(os.environ.get("BENCH_N", "3"))
_SECONDS = 60
_LIMITS = Limits(memory_bytes=MEMORY, cpus=0.5, processes=64)
_NEIGHBOUR = """\
import os, time
for _ in range(150):
    begun = time.perf_counter()
    with open("note", "w") as file:
        file.write(str(sum(number * number for number in range(5000))))
    os.unlink("note")
    print(1000 * (time.perf_counter() - begun), flush=True)
    time.sleep(0.005)
"""
_HOSTILE = {
    "a fork bomb": "bomb() { bomb | bomb & }; touch up; bomb; while :; do sleep 1; done",
    "a memory hog": "touch up; while :; do /usr/bin/python3 -c 'bytearray(2 << 30)'; done",
    "a filler of disks": "touch up; while :; do head -c 20000000 /dev/zero > big; done",
    "one that opens files": (
        'exec /usr/bin/python3 -c \'import os\nopen("up", "w").close()\nwhile True:\n'
        ' held = [os.open("/dev/null", 0) for _ in range(900)]\n'
        " for one in held: os.close(one)'"
    ),
    "one that prints": "touch up; exec cat /dev/zero",
}
_WITHOUT_LIMITS = {"one that opens files", "one that prints"}
"""What is fair to measure where nothing limits a run."""


def run() -> Iterator[Figure]:
    """Measure all of it."""
    for kind in ("docker", "process"):
        with (
            tempfile.TemporaryDirectory(prefix="bench-") as folder,
            open_bench(kind, Path(folder)) as bench,
        ):
            (bench.work / "neighbour.py").write_text(_NEIGHBOUR)
            for name, script in _HOSTILE.items():
                if kind == "docker" or name in _WITHOUT_LIMITS:
                    alone, beside = _measure(bench, script)
                    what = f"{kind}: a neighbour of {name}, p95"
                    yield Figure("runner", what, p95(beside), "ms", len(beside),
                                 versus="alone", base=p95(alone), goal=_GOAL)  # fmt: skip


def _measure(bench: Bench, script: str) -> tuple[list[float], list[float]]:
    alone: list[float] = []
    beside: list[float] = []
    for _ in range(_ROUNDS):
        alone += _neighbour(bench)
        name = f"{make_run_id()}-1"
        bench.backend.start(replace(bench.make(name, script), limits=_LIMITS))
        wait_for((bench.work / "up").exists, seconds=_SECONDS, what="the hostile run")
        beside += _neighbour(bench)
        bench.backend.kill(name)
        bench.backend.remove(name)
        (bench.work / "up").unlink()
    return alone, beside


def _neighbour(bench: Bench) -> list[float]:
    name = f"{make_run_id()}-1"
    bench.start(name, "exec /usr/bin/python3 neighbour.py > times")
    bench.wait_for(name, SandboxState.ENDED)
    bench.backend.remove(name)
    return [float(line) for line in (bench.work / "times").read_text().splitlines()]
