"""The shell parts of a start, run by `sh` alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parents[3] / "images" / "workspace" / "programs"


def run_part(part: str, command: str, environment: dict[str, str]) -> tuple[str, str]:
    """Load a part, run a command of it and return what it printed and told."""
    done = subprocess.run(
        ["/bin/sh", "-u", "-c", f'. "{PROGRAMS / part}"; {command}'],
        env={"PATH": "/nonexistent", **environment},  # built-in commands are all there is
        capture_output=True, text=True, check=True, timeout=10,
    )  # fmt: skip
    return done.stdout, done.stderr
