"""``python -m …killed_runner ROOT STATE ADDRESS PREFIX``: moves runs until it is killed.

It says a line when it begins.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from twinhub_runner.backends.base import Limits
from twinhub_runner.backends.docker import DockerBackend
from twinhub_runner.runner import open_runner
from twinhub_runner.settings import RunnerSettings

from tests.fixtures.engine import IMAGE, UID


def main() -> None:
    """Move the runs of a database, without an application."""
    root, state, address, prefix = sys.argv[1:]
    limits = Limits(memory_bytes=256 << 20, cpus=1)
    settings = RunnerSettings(Path(root), Path(state), limits=limits)
    backend = DockerBackend(address, settings.runs, prefix, IMAGE, UID, "none")
    with open_runner(settings, backend) as runner:
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        runner.scheduler.run(threading.Event(), settings.workers)


if __name__ == "__main__":
    main()
