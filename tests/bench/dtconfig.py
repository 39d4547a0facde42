"""`BENCH=dtconfig`: what reading ``twin.yaml`` costs.

In-process times are of the processor, so that others on the machine do not count; commands are
timed by the clock, and beside it by the processor.

- *in-process*: a file of 300 lines loaded and checked, against libyaml's own loader for the same
  file, which checks nothing and knows no positions.
- *commands*: `twin --help` against a Python that does nothing, `twin validate` of that file against
  one that imports pydantic alone.
- *many twins*: the examples and the sample, loaded anew each time and through a `TwinCache`.
- *memory*: how much a process has grown after many loads, its first tenth not counted;
  `BENCH_LOADS` for another number.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import psutil
import yaml
from twinhub_dtconfig.caching import TwinCache
from twinhub_dtconfig.loading import load_twin

from tests.bench.report import Figure, p95

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LINES = 300
_CONFIG = Path(__file__).resolve().parents[2] / "config"
_ROUNDS = int(os.environ.get("BENCH_N", "50"))
_COMMAND_ROUNDS = int(os.environ.get("BENCH_COMMANDS_N", "15"))
_LOADS = int(os.environ.get("BENCH_LOADS", "20000"))
_MIB = 2**20
_BIN = Path(sys.executable).parent

_HEAD = """\
format: 1
name: large
title: A twin of three hundred lines
summary: It has what a large twin has.
version: 1.0.0
uses:
  tank: common/models/heated-tank/heated-tank.fmu
  profile: common/data/draw-off-profile/profile.csv
services:
  mqtt: {managed: {topics: ["tank/#"]}}
"""
_PARAMETER = """\
  limit_{n}:
    type: number
    unit: W
    default: {n}
    minimum: 0
    maximum: 20000
    description: Most power of heater {n}
"""
_PROCESS = """\
      worker_{n}:
        command: python3 work.py --power ${{parameters.limit_{n}}} --profile ${{uses.profile}}
        variables: {{NUMBER: "{n}"}}
        ready: {{log: "worker {n} is up", within: 30s}}
"""
_SIGNAL = """\
  temperature_{n}:
    unit: K
    source: {{topic: tank/{n}/temperature, field: value}}
"""
_SCENARIO = """\
  cold_{n}: {{title: Cold start {n}, parameters: {{limit_{n}: 8000}}}}
"""


def large_twin() -> str:
    """Return a ``twin.yaml`` of 300 lines."""
    count = 18
    parts = [_HEAD, "parameters:\n", *(_PARAMETER.format(n=n) for n in range(count))]
    parts += ["phases:\n  execute:\n    processes:\n"]
    parts += [_PROCESS.format(n=n) for n in range(count)]
    parts += ["signals:\n", *(_SIGNAL.format(n=n) for n in range(count))]
    text = "".join([*parts, "scenarios:\n"])
    rest = LINES - text.count("\n")
    return text + "".join(
        _SCENARIO.format(n=n % count).replace(f"cold_{n % count}:", f"cold_{n}:")
        for n in range(rest)
    )


def run() -> Iterator[Figure]:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "twin.yaml"
        file.write_text(large_twin(), "utf-8")
        (Path(folder) / "work.py").touch()
        yield from _in_process(file)
        yield from _commands(Path(folder))
    files = sorted(
        [*_CONFIG.glob("examples/twins/*/twin.yaml"), *_CONFIG.glob("assets/**/twin.yaml")]
    )
    yield from _many(files)
    yield _memory()


def _in_process(file: Path) -> Iterator[Figure]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    ours, theirs = [], []
    for _ in range(_ROUNDS + 3):
        ours.append(_timed(lambda: load_twin(file)))
        theirs.append(_timed(lambda: yaml.load(file.read_bytes(), Loader=loader)))  # noqa: S506
    ours, theirs = ours[3:], theirs[3:]
    metric = f"{LINES} lines validated"
    yield Figure("dtconfig", f"{metric}, median", median(ours), "ms", _ROUNDS, goal=30)
    yield Figure("dtconfig", f"{metric}, p95", p95(ours), "ms", _ROUNDS)
    yield Figure("dtconfig", f"{metric}, median", median(ours), "ms", _ROUNDS,
                 versus=loader.__name__, base=median(theirs))  # fmt: skip


def _commands(folder: Path) -> Iterator[Figure]:
    python = [sys.executable, "-I", "-c"]
    commands = {
        "python -c pass": [*python, "pass"],
        "import pydantic": [*python, "import pydantic"],
        "twin --help": [str(_BIN / "twin"), "--help"],
        f"twin validate, {LINES} lines": [str(_BIN / "twin"), "validate", str(folder)],
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(_COMMAND_ROUNDS + 1):  # the first one only warms up
        for name, command in commands.items():
            times[name].append(_timed_command(command))
    clock = {name: median(seen for seen, _ in found[1:]) for name, found in times.items()}
    processor = {name: median(spent for _, spent in found[1:]) for name, found in times.items()}
    bases = {"twin --help": ("python -c pass", 200),
             f"twin validate, {LINES} lines": ("import pydantic", 600)}  # fmt: skip
    for name, (base, goal) in bases.items():
        value, n = clock[name], _COMMAND_ROUNDS
        yield Figure("dtconfig", f"{name}, median", value, "ms", n, goal=goal)
        yield Figure("dtconfig", f"{name}, median", value, "ms", n, versus=base, base=clock[base])
        yield Figure(
            "dtconfig",
            f"{name}, processor, median",
            processor[name],
            "ms",
            n,
            versus=base,
            base=processor[base],
        )


def _many(files: Sequence[Path]) -> Iterator[Figure]:
    cache = TwinCache()
    ways: dict[str, tuple[Callable[[Path], object], float]] = {
        "cold": (load_twin, 1000 / 300),
        "unchanged": (cache.load, 1),
    }
    for way, (load, goal) in ways.items():
        for file in files:
            load(file)
        times = [_timed(partial(_each, load, files)) for _ in range(_ROUNDS)]
        each, count = median(times) / len(files), len(files)
        yield Figure("dtconfig", f"each of {count} twins, {way}", each, "ms", _ROUNDS, goal=goal)
        yield Figure("dtconfig", f"twins in a second, {way}", 1000 / each, "1/s", _ROUNDS)


def _memory() -> Figure:
    """Return the growth of a process of its own, so that nothing else counts."""
    command = [sys.executable, "-m", "tests.bench.dtconfig"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    growth = int(done.stdout) / _MIB
    return Figure("dtconfig", f"growth over {_LOADS} loads", growth, "MiB", 1, goal=2)


def grow(loads: int) -> int:
    """Return by how many bytes this process grows while it loads twins."""
    process = psutil.Process()
    cache = TwinCache()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "twin.yaml"
        examples = [path.read_text("utf-8") for path in _CONFIG.glob("examples/twins/*/twin.yaml")]
        before = 0
        for number in range(loads):
            if number == loads // 10:
                before = process.memory_info().rss
            if number % len(examples) == 0 or number < len(examples):
                file.write_text(examples[number % len(examples)], "utf-8")
            load_twin(file)
            cache.load(file)
        return int(process.memory_info().rss - before)


def _each(load: Callable[[Path], object], files: Sequence[Path]) -> None:
    for file in files:
        load(file)


def _timed(call: Callable[[], object]) -> float:
    """Return the milliseconds of the processor that a call takes."""
    start = process_time()
    call()
    return (process_time() - start) * 1000


def _timed_command(command: Sequence[str]) -> tuple[float, float]:
    """Return the milliseconds that a command takes, by the clock and of the processor."""
    start, before = perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (perf_counter() - start) * 1000, spent * 1000


if __name__ == "__main__":
    print(grow(_LOADS))
