"""How long a run takes beside the same command without a runner, 1, 10 and 50 at a time.

Of each run are measured: from asking to its first line (the time that its log says), and from its
last line to when its end is seen by somebody who lists what runs. Beside it stands the same image
and command by ``docker run``, and the same command as a process; rounds of both take turns, so that
what else the machine does counts for both alike.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from tests.bench.report import Figure, p95
from tests.fixtures.engine import IMAGE
from tests.fixtures.runner import RunningRunner, run_runner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COUNTS = {1: 8, 10: 2, 50: 1}
"""How many at once, and in how many rounds."""
_ROUNDS = float(os.environ.get("BENCH_N", "1"))
_TWIN = "format: 1\nname: tank\nphases: {execute: {command: [echo, hello]}}\n"
_PLAIN = ("echo", "hello")
_DOCKER = ("docker", "run", "--rm", "--network=none", "--entrypoint=echo", IMAGE, "hello")
_GOALS = {"docker": (1.15, 50.0), "process": (1.0, 30.0)}
"""By what a run may take longer: a factor, and milliseconds."""
_LEAST_SECONDS, _MOST_SECONDS = 0.01, 0.05
"""Between two questions what runs; within these, four times what one takes: it is work as well."""
_SECONDS = 300


@dataclass
class Times:
    """Milliseconds of each run of some rounds."""

    first_line: list[float] = field(default_factory=list)
    all: list[float] = field(default_factory=list)
    end: list[float] = field(default_factory=list)
    """From the last line on."""


def run() -> Iterator[Figure]:
    """Measure both back ends."""
    for kind, plain in (("process", _PLAIN), ("docker", _DOCKER)):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            root = Path(folder) / "assets"
            for number in range(max(COUNTS)):
                place = root / "carol" / "digital_twins" / f"tank{number}"
                place.mkdir(parents=True)
                (place / "twin.yaml").write_text(_TWIN)
            prefix = f"twinhub-{uuid4().hex[:12]}" if kind == "docker" else ""
            with run_runner(root, Path(folder) / "state", prefix) as running:
                yield from _compare(kind, plain, running)


def _compare(kind: str, plain: Sequence[str], running: RunningRunner) -> Iterator[Figure]:
    headers = {"Authorization": "token token-of-carol"}
    with httpx.Client(base_url=running.url, headers=headers, trust_env=False) as client:
        client.timeout = _SECONDS
        _measure(client, max(COUNTS), Times())  # which makes the copies
        for count, rounds in COUNTS.items():
            ours, theirs = Times(), Times()
            for _ in range(max(1, int(rounds * _ROUNDS))):
                _measure(client, count, ours)
                _measure_plain(plain, count, theirs)
            yield from _figures(f"{kind}, {count} at once", _GOALS[kind], ours, theirs)


def _measure(client: httpx.Client, count: int, times: Times) -> None:
    """Ask for so many runs at once, and see when each has ended."""
    asked: dict[str, float] = {}

    def submit(number: int) -> None:
        begun = time.time()
        answer = client.post("/api/runs", json={"twin": f"tank{number}"})
        asked[answer.raise_for_status().json()["runs"][0]["id"]] = begun

    with ThreadPoolExecutor(min(count, 16)) as pool:
        list(pool.map(submit, range(count)))
    seen = _see_ends(client, set(asked))
    for run, begun in asked.items():
        found: dict[str, Any] = client.get(f"/api/runs/{run}").json()
        if found["status"] != "succeeded":
            raise RuntimeError(f"a run has {found['status']}: {found['reason']}")
        line = int(client.get(f"/api/runs/{run}/log").text.partition("\t")[0]) / 1000
        times.first_line.append(1000 * (line - begun))
        times.all.append(1000 * (seen[run] - begun))
        times.end.append(1000 * (seen[run] - line))


def _see_ends(client: httpx.Client, runs: set[str]) -> dict[str, float]:
    seen: dict[str, float] = {}
    while len(seen) < len(runs):
        begun = time.time()
        items = client.get("/api/runs?open=true&limit=1000").raise_for_status().json()["items"]
        now, going_on = time.time(), {one["id"] for one in items}
        seen |= dict.fromkeys(runs - going_on - seen.keys(), now)
        time.sleep(min(max(_LEAST_SECONDS, 4 * (now - begun)), _MOST_SECONDS))
    return seen


def _measure_plain(command: Sequence[str], count: int, times: Times) -> None:
    def run_one(_: int) -> None:
        begun = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            if process.stdout.readline() != b"hello\n":
                raise RuntimeError(f"{command[0]} does not run")
            times.first_line.append(1000 * (time.perf_counter() - begun))
            process.wait()
        times.all.append(1000 * (time.perf_counter() - begun))

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(run_one, range(count)))


def _figures(
    what: str, allowed: tuple[float, float], ours: Times, theirs: Times
) -> Iterator[Figure]:
    factor, more = allowed
    for word, pick in (("p50", median), ("p95", p95)):
        for kind in ("first_line", "all"):
            value, base = pick(getattr(ours, kind)), pick(getattr(theirs, kind))
            name = {"first_line": "asked to first line", "all": "asked to end seen"}[kind]
            goal = factor + more / base
            yield Figure("runner", f"{what}: {name}, {word}", value, "ms", len(ours.all),
                         versus="without a runner", base=base, goal=goal)  # fmt: skip
        yield Figure("runner", f"{what}: end to seen, {word}", pick(ours.end), "ms", len(ours.end))
