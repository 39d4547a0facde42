"""How long `images/build.py` takes: with everything current, and on wish without the cache."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import docker
from docker.errors import ImageNotFound

from images.builder.hierarchy import load_hierarchy
from tests.bench.report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from images.builder.hierarchy import Hierarchy

_IMAGES = Path(__file__).resolve().parents[2] / "images"
_CACHED_GOAL_SECONDS = 10
_FRESH_GOAL_SECONDS = 20 * 60


def measure_builds(prefix: str) -> Iterator[Figure]:
    """Measure the family that is there; with ``BENCH_BUILD=1`` also one from nothing."""
    if _is_current(prefix):
        seconds = _timed("--tag-prefix", prefix)
        yield Figure("images", "family build, everything current", seconds, "s", 1,
                     goal=_CACHED_GOAL_SECONDS)  # fmt: skip
    else:
        print(f"{prefix}/ is not current, so its build is not measured", file=sys.stderr)
    if os.environ.get("BENCH_BUILD") == "1":
        yield from _fresh(load_hierarchy(_IMAGES / "hierarchy.yaml"))


def _fresh(hierarchy: Hierarchy) -> Iterator[Figure]:
    prefix = f"twinhub-bench-{uuid.uuid4().hex[:12]}"
    try:
        with tempfile.TemporaryDirectory() as records:
            seconds = _timed("--tag-prefix", prefix, "--fresh", "--records", records)
            yield Figure("images", "family build without the cache", seconds, "s", 1,
                         goal=_FRESH_GOAL_SECONDS)  # fmt: skip
            again = _timed("--tag-prefix", prefix, "--records", records)
            yield Figure("images", "family build right after it", again, "s", 1,
                         goal=_CACHED_GOAL_SECONDS)  # fmt: skip
    finally:
        _remove(hierarchy, prefix)


def _is_current(prefix: str) -> bool:
    command = _command("--list", "--tag-prefix", prefix)
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    shipped = {i.name for i in load_hierarchy(_IMAGES / "hierarchy.yaml").lineage([])}
    states = {line.split()[0]: line.split()[-1] for line in listed.splitlines()}
    return all(states[name] == "current" for name in shipped)


def _timed(*arguments: str) -> float:
    start = perf_counter()
    subprocess.run(_command(*arguments), check=True, stdout=sys.stderr)
    return perf_counter() - start


def _command(*arguments: str) -> list[str]:
    return [sys.executable, str(_IMAGES / "build.py"), *arguments]


def _remove(hierarchy: Hierarchy, prefix: str) -> None:
    client = docker.from_env(timeout=300)
    for image in reversed(hierarchy.images):
        try:
            client.images.remove(f"{prefix}/{image.name}:{version('twinhub-hub')}")
        except ImageNotFound:
            continue
    client.close()
