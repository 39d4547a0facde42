#!/usr/bin/env python3
"""Couples FMI 2.0 co-simulation FMUs at a fixed step and writes their outputs as CSV.

    cosimulate.py SCENARIO --output FILE.csv [--scheme jacobi] [--step 2.5] [--lock FILE]
        [--set FMU.PARAMETER=VALUE]…
    cosimulate.py SCENARIO --check

Exit codes: 0 done; 2 the scenario, a file it names or the command line is wrong; 3 an FMU refused
to go on; 4 another run is in progress; 143 stopped by SIGTERM. Nothing is written unless it is 0.

SPDX-License-Identifier: BSD-3-Clause
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

try:
    from master import simulate
    from results import write_csv, write_record
    from run_lock import LockedError, held_lock
    from scenario import SCHEMES, Scenario, ScenarioError, load_scenario
    from slaves import SimulationError, check_ports, find_problems, read_description
except ModuleNotFoundError as missing:
    sys.exit(
        f"{sys.executable} has no package {missing.name!r}: put a Python that has numpy, scipy and "
        "fmpy first on PATH (in a workspace it is)"
    )

if TYPE_CHECKING:
    from types import FrameType

FAULTY, REFUSED, BUSY = 2, 3, 4


def run(scenario: Scenario, output: Path) -> None:
    """Simulate and write the result, with a record of what it depends on beside it."""
    begin = time.monotonic()
    rows = simulate(scenario, report=report_progress)
    seconds = time.monotonic() - begin
    write_csv(output, scenario, rows)
    finished_at = datetime.now(UTC).isoformat(timespec="seconds")
    write_record(output.with_suffix(".json"), scenario, seconds=seconds, finished_at=finished_at)
    say(f"{scenario.step_count} steps of {scenario.step:g} s in {seconds:.2f} s: {output}")


def check(scenario: Scenario) -> None:
    """Say that the scenario can run, or raise a ScenarioError."""
    descriptions = {}
    for instance in scenario.instances:
        descriptions[instance.name] = read_description(instance)
        for problem in find_problems(instance):
            raise ScenarioError(f"{instance.file}: {problem}")
    check_ports(scenario, descriptions)
    names = ", ".join(f"{name} ({item.modelName})" for name, item in descriptions.items())
    say(f"{scenario.file} can run: {names}; {scenario.step_count} steps of {scenario.step:g} s")


def report_progress(done: int, of: int) -> None:
    """Say after each tenth how far it is."""
    if done * 10 // of > (done - 1) * 10 // of:
        say(f"{done * 100 // of:3d} %")


def say(text: str) -> None:
    """Write a line at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def stop_on_signal(number: int, _frame: FrameType | None) -> NoReturn:
    """End by an exception, so that FMUs and the lock are given back."""
    raise SystemExit(128 + number)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("scenario", type=Path)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--output", type=Path, help="CSV file to write")
    action.add_argument("--check", action="store_true", help="only say whether it can run")
    parser.add_argument("--scheme", choices=SCHEMES, help="instead of the scenario's")
    parser.add_argument("--step", type=float, help="seconds, instead of the scenario's")
    parser.add_argument(
        "--set",
        type=read_setting,
        action="append",
        default=[],
        metavar="FMU.PARAMETER=VALUE",
        help="instead of the scenario's; repeatable",
    )
    parser.add_argument("--lock", type=Path, help="file to hold a lock on during the run")
    return parser.parse_args()


def read_setting(text: str) -> tuple[str, float]:
    """Return the parameter and the value of ``FMU.PARAMETER=VALUE``."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} must have the form FMU.PARAMETER=VALUE")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{value!r} is no number")
    return name, number


def main() -> int:
    """Do what the command line asks and return the exit code."""
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, stop_on_signal)
    try:
        scenario = load_scenario(
            arguments.scenario,
            scheme=arguments.scheme,
            step=arguments.step,
            values=dict(arguments.set),
        )
        if arguments.check:
            check(scenario)
            return 0
        with held_lock(arguments.lock) if arguments.lock else nullcontext():
            run(scenario, arguments.output)
    except LockedError:
        return fail(BUSY, f"{arguments.lock}: a run is in progress: wait for it or terminate it")
    except ScenarioError as error:
        return fail(FAULTY, str(error))
    except OSError as error:
        return fail(FAULTY, f"{error.filename}: {error.strerror}")
    except SimulationError as error:
        return fail(REFUSED, str(error))
    return 0


def fail(code: int, text: str) -> int:
    """Write the reason and return the code."""
    sys.stderr.write(f"{text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
