"""`make bench [BENCH=name]`: runs all benches, or one; prints one JSON object a line."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from tests.bench import dtconfig, hub, images, library, runner, spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.bench.report import Figure

BENCHES: Mapping[str, Callable[[], Iterator[Figure]]] = {
    "spawn": spawn.run,
    "hub": hub.run,
    "images": images.run,
    "dtconfig": dtconfig.run,
    "library": library.run,
    "runner": runner.run,
}


def main(names: list[str]) -> int:
    """Run the named benches, or all; 2 for an unknown name, else 0 whatever was measured."""
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"no bench {unknown[0]!r}: choose from {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    # What a bench has started goes with it, also when it is told to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    for name in names or list(BENCHES):
        for figure in BENCHES[name]():
            print(figure.as_json(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
