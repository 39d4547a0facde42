"""`BENCH=images`: what each image of the family costs, against `workspace` in the same run.

- *start*: from asking the engine for a container to its first 200, under a stub of the hub, with
  the restrictions that the hub puts on workspaces.
- *run*: nothing answers HTTP in it. What counts there is how soon a phase's program runs: from
  asking the engine for a container to the end of `python -c pass` in the scientific environment,
  against the same command in `workspace`.
- *idle*: memory of the container, and its CPU over some seconds, when nothing was opened.
- *first click*: in a fresh container, from asking for a tool's page to its content; of a tool that
  speaks no HTTP, to its first bytes over a websocket.
- *builds*: `images/build.py` with everything current; with `BENCH_BUILD=1` also all of it without
  the cache, under tags of its own that are removed.

Each round measures every image, so that a noisy minute falls on all. `BENCH_PREFIX` names images
with another prefix, `BENCH_N` the rounds (10).
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from docker.errors import ImageNotFound

from images.builder.hierarchy import load_hierarchy
from tests.bench.images_builds import measure_builds
from tests.bench.images_starts import Stage, running_stage
from tests.bench.images_tools import measure_tools
from tests.bench.report import Figure, p95

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import docker

BASE, RUN = "workspace", "run"
GOALS = {"workspace-desktop": 1.1, "workspace-full": 1.25, RUN: 1.1}
HIERARCHY = load_hierarchy(Path(__file__).resolve().parents[2] / "images" / "hierarchy.yaml")
_ROUNDS = int(os.environ.get("BENCH_N", "10"))
_PREFIX = os.environ.get("BENCH_PREFIX", "twinhub")
_IDLE_ROUNDS = 3
_MIB = 2**20
_MB = 1_000_000


def run() -> Iterator[Figure]:
    """Measure everything that is built."""
    with ExitStack() as stack:
        stage = stack.enter_context(running_stage())
        tags = dict(_present(stage.engine))
        if BASE not in tags:
            print(f"no image {_PREFIX}/{BASE}: run `make images` first", file=sys.stderr)
            return
        workspaces = {i.name: tags[i.name] for i in HIERARCHY.descendants(BASE) if i.name in tags}
        yield from _sizes(stage.engine, tags)
        yield from _starts(stage, workspaces)
        if RUN in tags:
            yield from _programs(stage, {BASE: tags[BASE], RUN: tags[RUN]})
        yield from _idle(stage, workspaces)
        yield from measure_tools(stage, workspaces)
    yield from measure_builds(_PREFIX)


def _present(engine: docker.DockerClient) -> Iterator[tuple[str, str]]:
    for image in HIERARCHY.images:
        tag = image.provides or f"{_PREFIX}/{image.name}:{version('twinhub-hub')}"
        try:
            engine.images.get(tag)
        except ImageNotFound:
            print(f"not built, so not measured: {tag}", file=sys.stderr)
        else:
            yield image.name, tag


def _sizes(engine: docker.DockerClient, tags: Mapping[str, str]) -> Iterator[Figure]:
    sizes = {name: engine.images.get(tag).attrs["Size"] / _MB for name, tag in tags.items()}
    for name, size in sizes.items():
        yield Figure("images", f"size of {name}", size, "MB", 1)


def _starts(stage: Stage, tags: Mapping[str, str]) -> Iterator[Figure]:
    for tag in tags.values():  # warms the page cache
        stage.time_start(tag)
    times: dict[str, list[float]] = {name: [] for name in tags}
    for number in range(_ROUNDS):
        for name, tag in tags.items():
            times[name].append(stage.time_start(tag))
        print(f"starts: round {number + 1} of {_ROUNDS}", file=sys.stderr)
    yield from compare("start to first 200", times)


def _programs(stage: Stage, tags: Mapping[str, str]) -> Iterator[Figure]:
    for tag in tags.values():
        stage.time_program(tag)
    times: dict[str, list[float]] = {name: [] for name in tags}
    for _ in range(_ROUNDS):
        for name, tag in tags.items():
            times[name].append(stage.time_program(tag))
    yield from compare("container to the end of `python -c pass`", times)


def compare(what: str, times: Mapping[str, list[float]]) -> Iterator[Figure]:
    """Yield median and p95 of each image; ratios are those of the base's in the same run."""
    for name, values in times.items():
        for how, figure in (("median", median), ("p95", p95)):
            metric = f"{what}, {name}, {how}"
            if name == BASE:
                yield Figure("images", metric, figure(values), "s", len(values))
                continue
            yield Figure(
                "images", metric, figure(values), "s", len(values), versus=f"{BASE}, {how}",
                base=figure(times[BASE]), goal=GOALS.get(name) if how == "median" else None,
            )  # fmt: skip


def _idle(stage: Stage, tags: Mapping[str, str]) -> Iterator[Figure]:
    found = {
        name: [stage.measure_idle(tag) for _ in range(_IDLE_ROUNDS)] for name, tag in tags.items()
    }
    base = median(idle.memory_bytes for idle in found[BASE]) / _MIB
    for name, idles in found.items():
        memory = median(idle.memory_bytes for idle in idles) / _MIB
        n = len(idles)
        if name == BASE:
            yield Figure("images", f"idle memory, {name}", memory, "MiB", n)
        else:
            yield Figure("images", f"idle memory, {name}", memory, "MiB", n, versus=BASE,
                         base=base, goal=1.1)  # fmt: skip
        cpu = median(idle.cpu_share for idle in idles) * 100
        yield Figure("images", f"idle CPU, {name}", cpu, "% of a core", n)
        processes = median(idle.processes for idle in idles)
        yield Figure("images", f"idle tasks, {name}", processes, "processes and threads", n)
