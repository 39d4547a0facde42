"""The co-simulation master: exchanges values between FMUs at equal steps.

Both schemes hold every input constant during a step of length h from t to t + h.

jacobi        All FMUs get the outputs of time t, then all step. The order plays no role, and the
              steps could run in parallel. Every connection delays its signal by up to one step.
gauss-seidel  The FMUs step one after the other, in the order of the scenario. An FMU gets the new
              outputs (t + h) of those before it and the old ones (t) of those after it.

SPDX-License-Identifier: BSD-3-Clause
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slaves import opened_slaves

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario import Port, Scenario
    from slaves import Slave

Row = list[float]


def simulate(scenario: Scenario, *, report: Callable[[int, int], None]) -> list[Row]:
    """Run a scenario and return a row for each communication point: time, then the outputs.

    A row holds the values at the end of the step that ends there. `report` is told the number of
    steps done and of all steps after each step.
    """
    with opened_slaves(scenario) as slaves:
        signals = _initialize(slaves, scenario)
        rows = [_row(scenario, 0, signals)]
        for index in range(scenario.step_count):
            time = scenario.time(index)
            signals.update(scenario.inputs.at(time) if scenario.inputs else {})
            advance(
                slaves,
                signals,
                time=time,
                step=scenario.time(index + 1) - time,
                scheme=scenario.scheme,
            )
            rows.append(_row(scenario, index + 1, signals))
            report(index + 1, scenario.step_count)
    return rows


def advance(
    slaves: list[Slave], signals: dict[Port, float], *, time: float, step: float, scheme: str
) -> None:
    """Advance all FMUs by one step and bring `signals` up to date."""
    if scheme == "gauss-seidel":
        for slave in slaves:
            slave.set_inputs(signals)
            slave.step(time, step)
            signals.update(slave.read())
        return
    for slave in slaves:
        slave.set_inputs(signals)
    for slave in slaves:
        slave.step(time, step)
    for slave in slaves:
        signals.update(slave.read())


def _initialize(slaves: list[Slave], scenario: Scenario) -> dict[Port, float]:
    """Initialize all FMUs and return the signals at the start.

    Outputs are passed on once, which is enough as long as no output depends directly on an input.
    """
    signals = scenario.inputs.at(scenario.start_time) if scenario.inputs else {}
    for slave in slaves:
        slave.begin(scenario.start_time, scenario.time(scenario.step_count))
        signals.update(slave.read())
    for slave in slaves:
        slave.set_inputs(signals)
        slave.finish_initialization()
        signals.update(slave.read())
    return signals


def _row(scenario: Scenario, index: int, signals: dict[Port, float]) -> Row:
    return [scenario.time(index), *(signals[port] for port in scenario.outputs)]
