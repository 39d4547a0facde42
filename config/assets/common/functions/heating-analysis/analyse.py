#!/usr/bin/env python3
"""Says how a run of the heated tank went and how far it is from the exact solution.

    analyse.py RESULT.csv [--output FILE.json]

Exit codes: 0 done, 2 a file is missing or cannot be used.

SPDX-License-Identifier: BSD-3-Clause
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    import numpy as np

    from figures import (
        Balance,
        Stage,
        balance_energy,
        find_stages,
        mean_deviation,
        share_at_limit,
    )
    from reference import solve
    from run_data import RunDataError, load_columns, load_inputs, load_record
except ModuleNotFoundError as missing:
    sys.exit(
        f"{sys.executable} has no package {missing.name!r}: put a Python that has numpy, scipy and "
        "fmpy first on PATH (in a workspace it is)"
    )

if TYPE_CHECKING:
    from run_data import Columns

TOLERANCE_K = 1e-6
"""How far the shipped scenario may be from the exact solution."""


@dataclass(frozen=True)
class Analysis:
    """All figures of one run."""

    scheme: str
    step_s: float
    stages: list[Stage]
    mean_deviation_K: float  # noqa: N815 (K is the unit)
    share_at_full_power: float
    energy_kWh: Balance  # noqa: N815
    largest_error_K: float  # noqa: N815
    """Largest difference of the water temperature from the exact solution."""


def analyse(result: Path) -> Analysis:
    """Return the figures of a run."""
    columns, record = load_columns(result), load_record(result)
    tank, controller = record["parameters"]["tank"], record["parameters"]["controller"]
    time, set_point = columns["time"], columns["controller.T_set"]
    water = columns["tank.T_water"]
    return Analysis(
        scheme=record["scheme"],
        step_s=record["step_s"],
        stages=find_stages(time, set_point, water),
        mean_deviation_K=mean_deviation(time, set_point, water),
        share_at_full_power=share_at_limit(time, columns["controller.P"], controller["P_max"]),
        energy_kWh=balance_energy(columns, tank),
        largest_error_K=largest_error(columns, record),
    )


def largest_error(columns: Columns, record: dict[str, Any]) -> float:
    """Return the largest difference of the water temperature from the exact solution, in kelvin."""
    exact = solve(columns["time"], load_inputs(record), **record["parameters"])
    return float(np.max(np.abs(columns["tank.T_water"] - exact["T_water"])))


def describe(analysis: Analysis) -> str:
    """Return the figures as lines of text."""
    energy = analysis.energy_kWh
    return "\n".join(
        [
            *(_describe_stage(stage) for stage in analysis.stages),
            f"mean deviation from the set point  {analysis.mean_deviation_K:8.2f} K",
            f"time at full power                 {analysis.share_at_full_power * 100:8.1f} %",
            f"electric energy                    {energy.electric:8.3f} kWh",
            f"  carried off by the water         {energy.carried_off:8.3f} kWh",
            f"  lost to the room                 {energy.lost:8.3f} kWh",
            f"  stored in the tank               {energy.stored:8.3f} kWh",
            f"  not accounted for                {energy.residual:8.1e} kWh",
            f"largest error of the temperature   {analysis.largest_error_K:8.1e} K, "
            f"{_verdict(analysis)}",
            f"  (against the exact solution; {analysis.scheme}, step {analysis.step_s:g} s)",
        ]
    )


def _describe_stage(stage: Stage) -> str:
    rise = "not reached" if stage.rise_time_s is None else f"{stage.rise_time_s:.0f} s"
    return (
        f"set point {stage.set_point_K - 273.15:.1f} °C from {stage.begin_s:5.0f} s: "
        f"rise time {rise}, overshoot {stage.overshoot_K:.2f} K"
    )


def _verdict(analysis: Analysis) -> str:
    if analysis.largest_error_K <= TOLERANCE_K:
        return f"within {TOLERANCE_K:g} K"
    return f"above {TOLERANCE_K:g} K, see the twin's README for what scheme and step do to it"


def main() -> int:
    """Analyse the run named on the command line and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("result", type=Path)
    parser.add_argument("--output", type=Path, help="JSON file for the figures")
    arguments = parser.parse_args()
    try:
        analysis = analyse(arguments.result)
    except RunDataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyError as error:
        sys.stderr.write(
            f"{arguments.result}: {error} is missing: is it a run of the heated tank?\n"
        )
        return 2
    if arguments.output:
        text = json.dumps(asdict(analysis), indent=2) + "\n"
        arguments.output.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{describe(analysis)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
