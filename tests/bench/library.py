"""`BENCH=library`: what the library costs; one module for each part.

A part is a module with ``run``, which yields figures; `PARTS` has them in order. One part alone:
``python -m tests.bench.library interfaces``.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.report import Figure

PARTS = {
    "interfaces": "tests.bench.library_interfaces",
    "search": "tests.bench.library_search",
    "files": "tests.bench.library_files",
    "sync": "tests.bench.library_sync",
}
"""Modules by the names of parts; those that a checkout does not have are left out."""


def run(names: Sequence[str] = tuple(PARTS)) -> Iterator[Figure]:
    """Measure the named parts."""
    for name in names:
        module = PARTS[name]
        if importlib.util.find_spec(module) is not None:
            yield from importlib.import_module(module).run()


if __name__ == "__main__":
    for figure in run(sys.argv[1:] or tuple(PARTS)):
        print(figure.as_json(), flush=True)
