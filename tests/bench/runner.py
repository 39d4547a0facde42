"""`BENCH=runner`: what the runner costs; one module for each part, as of `library`.

One part alone: ``python -m tests.bench.runner starts``.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.report import Figure

PARTS = {
    "starts": "tests.bench.runner_starts",
    "logs": "tests.bench.runner_logs",
    "lists": "tests.bench.runner_lists",
    "hostile": "tests.bench.runner_hostile",
}
"""Modules by the names of parts."""


def run(names: Sequence[str] = tuple(PARTS)) -> Iterator[Figure]:
    """Measure the named parts."""
    for name in names:
        yield from importlib.import_module(PARTS[name]).run()


if __name__ == "__main__":
    for figure in run(sys.argv[1:] or tuple(PARTS)):
        print(figure.as_json(), flush=True)
