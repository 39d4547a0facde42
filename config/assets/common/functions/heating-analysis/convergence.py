#!/usr/bin/env python3
"""Measures how the coupling error of the heated tank falls with the step.

    convergence.py SCENARIO [STEP ...]

Runs the scenario with both schemes for each step (5, 2.5, 1.25 and 0.625 s by default), compares
the water temperature with the exact solution, and prints the largest error and the observed order,
which is the logarithm to base 2 of the factor by which the error falls when the step is halved.

SPDX-License-Identifier: BSD-3-Clause
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from analyse import largest_error
from run_data import load_columns, load_record

DEFAULT_STEPS = (5.0, 2.5, 1.25, 0.625)


def measure(scenario: Path, scheme: str, step: float) -> float:
    """Return the largest error of one run, in kelvin."""
    master = Path(os.environ["TWINHUB_COMMON"], "tools/fixed-step-master/cosimulate.py")
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result.csv")
        command: list[str | Path] = [sys.executable, master, scenario, "--output", result]
        command += ["--scheme", scheme, "--step", repr(step)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return largest_error(load_columns(result), load_record(result))


def main() -> None:
    """Print a line for each scheme and step."""
    os.environ.setdefault("TWINHUB_COMMON", "/workspace/common")
    scenario, *texts = sys.argv[1:]
    steps = [float(text) for text in texts] or list(DEFAULT_STEPS)
    sys.stdout.write(f"{'scheme':14}{'step [s]':>10}{'error [K]':>12}{'order':>8}\n")
    for scheme in ("gauss-seidel", "jacobi"):
        before: tuple[float, float] | None = None
        for step in steps:
            error = measure(Path(scenario), scheme, step)
            order = _order(before, (step, error))
            sys.stdout.write(f"{scheme:14}{step:10g}{error:12.2e}{order:>8}\n")
            before = (step, error)


def _order(before: tuple[float, float] | None, now: tuple[float, float]) -> str:
    if before is None:
        return ""
    return f"{math.log(before[1] / now[1]) / math.log(before[0] / now[0]):.2f}"


if __name__ == "__main__":
    main()
