"""Figures of a heated tank's run: how fast, how steady, how much energy.

Every function takes columns of a result. A row holds the values at the end of the step that ends
there: power and inputs of a row were held during that step.

SPDX-License-Identifier: BSD-3-Clause
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True)
class Stage:
    """What happened while one set point held."""

    begin_s: float
    set_point_K: float  # noqa: N815 (K is the unit)
    rise_time_s: float | None
    """From 10 % to 90 % of the step; None if the temperature did not get there."""
    overshoot_K: float  # noqa: N815
    """How far the temperature went beyond the set point, in the step's direction."""


@dataclass(frozen=True)
class Balance:
    """Where the energy went, in kilowatt hours."""

    electric: float
    carried_off: float
    lost: float
    stored: float

    @property
    def residual(self) -> float:
        """Return what the balance misses: the error of integrating between rows."""
        return self.electric - self.carried_off - self.lost - self.stored


def find_stages(time: Vector, set_point: Vector, temperature: Vector) -> list[Stage]:
    """Return a stage for each set point in the order of time.

    The set point of the first row is not used: no step ends there.
    """
    changes = 1 + np.flatnonzero(np.diff(set_point[1:])) + 1
    bounds = [1, *changes.tolist(), len(time)]
    return [
        _describe_stage(time[first - 1 : last], set_point[first], temperature[first - 1 : last])
        for first, last in pairwise(bounds)
    ]


def _describe_stage(time: Vector, set_point: float, temperature: Vector) -> Stage:
    step = set_point - temperature[0]
    progress = (temperature - temperature[0]) / step if step else np.ones_like(temperature)
    low, high = (_first_crossing(time, progress, level) for level in (0.1, 0.9))
    return Stage(
        begin_s=float(time[0]),
        set_point_K=float(set_point),
        rise_time_s=None if low is None or high is None else high - low,
        overshoot_K=float(max(0.0, (progress.max() - 1) * abs(step))),
    )


def _first_crossing(time: Vector, progress: Vector, level: float) -> float | None:
    """Return when the level was reached first, by linear interpolation between rows."""
    above = np.flatnonzero(progress >= level)
    if not len(above):
        return None
    index = above[0]
    if index == 0:
        return float(time[0])
    return float(np.interp(level, progress[index - 1 : index + 1], time[index - 1 : index + 1]))


def balance_energy(columns: Mapping[str, Vector], tank: Mapping[str, float]) -> Balance:
    """Return the energy balance of the run: electric = carried off + lost + stored."""
    step = np.diff(columns["time"])
    water, heater = columns["tank.T_water"], columns["tank.T_heater"]
    mean = (water[1:] + water[:-1]) / 2
    flow, inlet, ambient = (
        columns[f"tank.{name}"][1:] for name in ("m_flow", "T_inlet", "T_ambient")
    )
    stored = tank["m"] * tank["c"] * (water[-1] - water[0])
    stored += tank["C_heater"] * (heater[-1] - heater[0])
    joules = {
        "electric": np.sum(columns["controller.P"][1:] * step),
        "carried_off": np.sum(flow * tank["c"] * (mean - inlet) * step),
        "lost": np.sum(tank["G_loss"] * (mean - ambient) * step),
        "stored": stored,
    }
    return Balance(**{name: float(value) / JOULES_PER_KWH for name, value in joules.items()})


def mean_deviation(time: Vector, set_point: Vector, temperature: Vector) -> float:
    """Return the mean of |temperature - set point| over time, in kelvin."""
    deviation = np.abs(temperature[1:] - set_point[1:])
    return float(np.average(deviation, weights=np.diff(time)))


def share_at_limit(time: Vector, power: Vector, limit: float) -> float:
    """Return the part of the time during which the heater gave all it can, 0 to 1."""
    return float(np.average(power[1:] >= limit, weights=np.diff(time)))
