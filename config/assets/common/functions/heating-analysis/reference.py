"""The exact solution of the heated tank under its sampled controller, without any FMU.

Between two events (a sample of the controller, a new row of inputs, a time at which a result is
wanted) flow and inputs are constant, and the tank is a linear system with constant coefficients,

    dx/dt = A(m_flow) x + B(m_flow) u,   x = (T_water, T_heater, T_sensor),
                                         u = (P, T_inlet, T_ambient).

So x is carried exactly from one event to the next by the exponential of the matrix [[A, B], [0, 0]]
(C. F. Van Loan, Computing Integrals Involving the Matrix Exponential, 1978). Nothing is left but
rounding.

SPDX-License-Identifier: BSD-3-Clause
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import expm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Parameters = Mapping[str, float]
    Vector = NDArray[np.float64]


class Tank:
    """The tank between events."""

    def __init__(self, parameters: Parameters) -> None:
        """Take the parameters of the tank's model."""
        self._parameters = parameters
        self._propagator = lru_cache(maxsize=1024)(self._compute_propagator)

    def advance(self, x: Vector, u: Vector, *, flow: float, duration: float) -> Vector:
        """Return the temperatures after a time during which inputs and flow do not change."""
        after: Vector = self._propagator(flow, duration) @ np.concatenate([x, u])
        return after

    def _compute_propagator(self, flow: float, duration: float) -> Vector:
        """Return [Phi, Gamma], so that x(t + duration) = Phi x(t) + Gamma u."""
        p = self._parameters
        water, heater = p["m"] * p["c"], p["C_heater"]
        through = flow * p["c"]
        system = np.zeros((6, 6))
        system[0] = [
            -(through + p["G_heater"] + p["G_loss"]) / water, p["G_heater"] / water, 0,
            0, through / water, p["G_loss"] / water,
        ]  # fmt: skip
        system[1] = [p["G_heater"] / heater, -p["G_heater"] / heater, 0, 1 / heater, 0, 0]
        system[2] = [1 / p["tau_sensor"], 0, -1 / p["tau_sensor"], 0, 0, 0]
        exponential: Vector = expm(system * duration)
        return exponential[:3]


class Controller:
    """The sampled PI controller: one call for each sample."""

    def __init__(self, parameters: Parameters) -> None:
        """Take the parameters of the controller's model."""
        self._parameters = parameters
        self._integral = 0.0

    def sample(self, set_point: float, measured: float) -> float:
        """Return the power to hold until the next sample."""
        p = self._parameters
        error = set_point - measured
        wanted = p["K_p"] * error + self._integral
        power = min(max(wanted, p["P_min"]), p["P_max"])
        slope = p["K_p"] / p["T_i"] * error + (power - wanted) / p["T_t"]
        self._integral += p["T_sample"] * slope
        return power


def solve(
    times: Vector, inputs: Mapping[str, Vector], *, tank: Parameters, controller: Parameters
) -> dict[str, Vector]:
    """Return the exact temperatures at `times`, which grow from the start on.

    Args:
        times: communication points in seconds; the first one is the start.
        inputs: columns of the input profile; a row holds from `time_s` until the next one.
        tank: parameters of the tank's model.
        controller: parameters of the controller's model.
    """
    start, stop = times[0], times[-1]
    sampled = (
        start + np.arange(int((stop - start) / controller["T_sample"]) + 1) * controller["T_sample"]
    )
    changed = inputs["time_s"][(inputs["time_s"] > start) & (inputs["time_s"] < stop)]
    times, sampled = np.round(times, 9), np.round(sampled, 9)
    events = np.unique(np.concatenate([times, sampled[sampled <= stop], np.round(changed, 9)]))
    rows = np.maximum(np.searchsorted(np.round(inputs["time_s"], 9), events, side="right") - 1, 0)

    plant, regulator, samples = Tank(tank), Controller(controller), set(sampled)
    x, power = np.full(3, float(tank["T_start"])), 0.0
    states = {events[0]: x}
    for event, following, row in zip(events, events[1:], rows, strict=False):
        if event in samples:
            power = regulator.sample(inputs["set_point_K"][row], x[2])
        u = np.array(
            [power, inputs["inlet_temperature_K"][row], inputs["ambient_temperature_K"][row]]
        )
        duration = round(following - event, 9)
        x = plant.advance(x, u, flow=inputs["flow_kg_per_s"][row], duration=duration)
        states[following] = x
    wanted = np.array([states[time] for time in times])
    return {"T_water": wanted[:, 0], "T_heater": wanted[:, 1], "T_sensor": wanted[:, 2]}
