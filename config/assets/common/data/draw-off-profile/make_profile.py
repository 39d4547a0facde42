#!/usr/bin/env python3
"""Makes profile.csv: two hours of set point, draw-off, inlet and room temperature.

    python3 make_profile.py              print the profile
    python3 make_profile.py profile.csv  write it to a file

The generator is seeded and only `random.Random.random` is used, whose sequence Python guarantees
for a seed. Values are rounded to what an instrument would show. So the file comes out the same, bit
for bit, on every machine.

SPDX-License-Identifier: BSD-3-Clause
"""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

SEED = 2026
DURATION_S = 7200
STEP_S = 30

SET_POINTS_C = ((0, 45.0), (2400, 55.0), (4800, 50.0))
BASE_FLOW_KG_PER_S = 0.02
MEAN_PAUSE_S = 500.0
DRAW_OFF_S = (90.0, 330.0)
DRAW_OFF_KG_PER_S = (0.02, 0.05)

COLUMNS = (
    "time_s",
    "set_point_K",
    "flow_kg_per_s",
    "inlet_temperature_K",
    "ambient_temperature_K",
)


def kelvin(celsius: float) -> float:
    """Return a temperature in kelvin."""
    return celsius + 273.15


def make_draw_offs(generator: random.Random) -> list[tuple[float, float, float]]:
    """Return draw-offs as (begin, end, extra flow); pauses are exponentially distributed."""
    draw_offs = []
    begin = -MEAN_PAUSE_S * math.log(1 - generator.random())
    while begin < DURATION_S:
        end = begin + between(DRAW_OFF_S, generator)
        draw_offs.append((begin, end, between(DRAW_OFF_KG_PER_S, generator)))
        begin = end - MEAN_PAUSE_S * math.log(1 - generator.random())
    return draw_offs


def between(limits: tuple[float, float], generator: random.Random) -> float:
    """Return a number between the limits, every one as likely."""
    low, high = limits
    return low + (high - low) * generator.random()


def make_rows() -> list[tuple[float, ...]]:
    """Return the profile: each row holds from its time until the next one."""
    generator = random.Random(SEED)  # noqa: S311 (it must be reproducible)
    draw_offs = make_draw_offs(generator)
    rows: list[tuple[float, ...]] = []
    for time in range(0, DURATION_S + 1, STEP_S):
        set_point = max(item for item in SET_POINTS_C if item[0] <= time)[1]
        flow = BASE_FLOW_KG_PER_S + sum(
            extra for begin, end, extra in draw_offs if begin <= time < end
        )
        inlet = 12 + 1.5 * math.sin(2 * math.pi * time / 5400) + 0.2 * (generator.random() - 0.5)
        ambient = 20 + 2 * time / DURATION_S + 0.1 * (generator.random() - 0.5)
        rows.append((time, kelvin(set_point), flow, kelvin(inlet), kelvin(ambient)))
    return rows


def render() -> str:
    """Return the text of profile.csv."""
    lines = [",".join(COLUMNS)]
    for time, set_point, flow, inlet, ambient in make_rows():
        lines.append(f"{time:d},{set_point:.2f},{flow:.4f},{inlet:.2f},{ambient:.2f}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the profile to the file that is named, or else to standard output."""
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(render(), encoding="ascii", newline="\n")
    else:
        sys.stdout.write(render())


if __name__ == "__main__":
    main()
