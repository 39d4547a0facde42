"""The two FMUs by themselves: physics, sampling, and the rules of FMI 2.0 for co-simulation."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import fmpy
import numpy as np
import pytest
from fmpy.fmi1 import FMICallException
from fmpy.fmi2 import FMU2Slave
from scipy.integrate import solve_ivp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MODELS = ("heated-tank", "pi-controller")
TANK = {"m": 60.0, "c": 4186.0, "C": 3000.0, "G": 250.0, "loss": 2.5, "tau": 15.0, "start": 293.15}


class Slave:
    """An FMU instance whose variables have names."""

    def __init__(self, file: Path, folder: Path) -> None:
        fmpy.extract(str(file), str(folder))
        self.description = fmpy.read_model_description(str(file))
        self.references = {v.name: v.valueReference for v in self.description.modelVariables}
        self.fmu: Any = FMU2Slave(
            guid=self.description.guid,
            unzipDirectory=str(folder),
            modelIdentifier=self.description.coSimulation.modelIdentifier,
            instanceName="under test",
        )
        self.fmu.instantiate()

    def set(self, **values: float) -> None:
        self.fmu.setReal([self.references[name] for name in values], list(values.values()))

    def get(self, *names: str) -> list[float]:
        values: list[float] = self.fmu.getReal([self.references[name] for name in names])
        return values

    def initialize(self, *, stop_time: float | None = None, **values: float) -> None:
        self.fmu.setupExperiment(startTime=0.0, stopTime=stop_time)
        self.set(**values)
        self.fmu.enterInitializationMode()
        self.fmu.exitInitializationMode()

    def step(self, time: float, step: float) -> None:
        self.fmu.doStep(currentCommunicationPoint=time, communicationStepSize=step)


@contextmanager
def opened(common: Path, name: str, folder: Path) -> Iterator[Slave]:
    slave = Slave(common / "models" / name / f"{name}.fmu", folder)
    try:
        yield slave
    finally:
        slave.fmu.freeInstance()


@pytest.fixture
def tank(common: Path, tmp_path: Path) -> Iterator[Slave]:
    with opened(common, "heated-tank", tmp_path / "tank") as slave:
        yield slave


@pytest.fixture
def controller(common: Path, tmp_path: Path) -> Iterator[Slave]:
    with opened(common, "pi-controller", tmp_path / "controller") as slave:
        yield slave


# physics


def test_the_tank_alone_follows_its_equations(common: Path) -> None:
    """FMPy drives the FMU, SciPy solves the equations of the README."""
    inputs = {"P": 6000.0, "m_flow": 0.03, "T_inlet": 285.15, "T_ambient": 295.15}
    run = fmpy.simulate_fmu(
        str(common / "models" / "heated-tank" / "heated-tank.fmu"),
        stop_time=3600,
        output_interval=7.5,
        start_values=inputs,
    )

    def derive(_time: float, x: np.ndarray[Any, Any]) -> list[float]:
        water, heater, sensor = x
        into = TANK["G"] * (heater - water)
        inflow = inputs["m_flow"] * TANK["c"] * (inputs["T_inlet"] - water)
        loss = TANK["loss"] * (water - inputs["T_ambient"])
        return [
            (inflow + into - loss) / (TANK["m"] * TANK["c"]),
            (inputs["P"] - into) / TANK["C"],
            (water - sensor) / TANK["tau"],
        ]

    exact = solve_ivp(
        derive, (0, 3600), [TANK["start"]] * 3, "DOP853", run["time"], rtol=1e-12, atol=1e-12
    )
    for name, values, tolerance in zip(
        ("T_water", "T_heater", "T_sensor"), exact.y, (1e-7, 1e-5, 1e-6), strict=True
    ):
        assert np.max(np.abs(run[name] - values)) < tolerance


def test_a_closed_tank_keeps_all_heat(tank: Slave) -> None:
    tank.initialize(G_loss=0.0, P=5000.0)
    tank.step(0, 3600)

    water, heater = (t - TANK["start"] for t in tank.get("T_water", "T_heater"))
    stored = TANK["m"] * TANK["c"] * water + TANK["C"] * heater
    assert stored == pytest.approx(5000 * 3600, rel=1e-12)


def test_how_a_step_is_divided_does_not_matter_to_the_tank(tank: Slave) -> None:
    tank.initialize(P=5000.0, m_flow=0.05)
    tank.step(0, 30)
    whole = tank.get("T_water", "T_heater", "T_sensor")

    tank.fmu.reset()
    tank.initialize(P=5000.0, m_flow=0.05)
    for time, step in ((0, 10), (10, 0.5), (10.5, 4.5), (15, 15)):
        tank.step(time, step)
    assert tank.get("T_water", "T_heater", "T_sensor") == pytest.approx(whole, abs=1e-5)


def test_stiff_parameters_do_not_make_the_tank_unstable(tank: Slave) -> None:
    tank.initialize(C_heater=1.0, tau_sensor=0.01, P=1000.0)
    tank.step(0, 60)

    water, heater, sensor = tank.get("T_water", "T_heater", "T_sensor")
    assert heater - water == pytest.approx(1000 / TANK["G"], rel=1e-3)
    assert sensor == pytest.approx(water, abs=1e-3)


# sampling


def test_the_controller_samples_at_its_instants_whatever_the_step(controller: Slave) -> None:
    def run(step: float) -> list[float]:
        controller.fmu.reset()
        controller.initialize(T_set=300.0, T_measured=299.0)
        for index in range(round(30 / step)):
            controller.step(index * step, step)
        return controller.get("P", "P_integral")

    assert run(0.1) == run(1.0) == run(2.5) == run(5.0) == run(30.0)


def test_the_controller_holds_its_output_between_samples(controller: Slave) -> None:
    controller.initialize(T_set=300.0, T_measured=299.0)
    controller.step(0, 2.5)
    held = controller.get("P")
    controller.set(T_measured=290.0)
    controller.step(2.5, 2.5)
    assert controller.get("P") == held

    controller.step(5, 2.5)
    assert controller.get("P") != held


def test_the_controller_follows_the_equations_of_its_readme(controller: Slave) -> None:
    controller.initialize(T_set=300.0, T_measured=298.0)
    controller.step(0, 5)
    assert controller.get("P", "P_integral") == pytest.approx([2000 * 2, 5 * 2000 / 480 * 2])


def test_the_integral_does_not_wind_up_at_a_limit(controller: Slave) -> None:
    """At a limit the integral goes to P_max - K_p e + K_p e T_t / T_i, where nothing changes."""
    controller.initialize(T_set=303.0, T_measured=293.0)
    controller.step(0, 7200)

    power, integral = controller.get("P", "P_integral")
    assert power == 12000
    assert integral == pytest.approx(12000 - 20000 + 20000 * 120 / 480)


# the standard


@pytest.mark.parametrize("name", MODELS)
def test_start_values_are_those_of_the_description(common: Path, tmp_path: Path, name: str) -> None:
    with opened(common, name, tmp_path / "fmu") as slave:
        slave.fmu.setupExperiment(startTime=0.0)
        slave.fmu.enterInitializationMode()
        described = {
            v.name: float(v.start)
            for v in slave.description.modelVariables
            if v.causality in {"parameter", "input"}
        }
        assert dict(zip(described, slave.get(*described), strict=True)) == described


def before_initialization(slave: Slave, call: Callable[[Any], None]) -> None:
    call(slave.fmu)


def after_a_step(slave: Slave, call: Callable[[Any], None]) -> None:
    slave.initialize(stop_time=100.0)
    slave.step(0, 5)
    call(slave.fmu)


WATER, MASS, FLOW = 11, 0, 8
REFUSED: dict[str, tuple[Callable[..., None], Callable[[Any], None]]] = {
    "a step before initialization": (before_initialization, lambda f: f.doStep(0.0, 5.0)),
    "a value before initialization": (before_initialization, lambda f: f.getReal([WATER])),
    "leaving what was not entered": (before_initialization, lambda f: f.exitInitializationMode()),
    "an end before the start": (before_initialization, lambda f: f.setupExperiment(None, 5.0, 1.0)),
    "a reference beyond the last": (after_a_step, lambda f: f.getReal([14])),
    "setting beyond the last": (after_a_step, lambda f: f.setReal([2**32 - 1], [1.0])),
    "setting an output": (after_a_step, lambda f: f.setReal([WATER], [300.0])),
    "setting a fixed parameter": (after_a_step, lambda f: f.setReal([MASS], [1.0])),
    "an input that is no number": (after_a_step, lambda f: f.setReal([FLOW], [math.nan])),
    "an integer": (after_a_step, lambda f: f.getInteger([MASS])),
    "a string": (after_a_step, lambda f: f.setString([MASS], ["x"])),
    "a second initialization": (after_a_step, lambda f: f.enterInitializationMode()),
    "a step at another time": (after_a_step, lambda f: f.doStep(6.0, 5.0)),
    "a step back": (after_a_step, lambda f: f.doStep(5.0, -1.0)),
    "an empty step": (after_a_step, lambda f: f.doStep(5.0, 0.0)),
    "a step beyond the end": (after_a_step, lambda f: f.doStep(5.0, 96.0)),
    "cancelling nothing": (after_a_step, lambda f: f.cancelStep()),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_standard_forbids_is_an_error_until_reset(tank: Slave, case: str) -> None:
    prepare, call = REFUSED[case]
    with pytest.raises(FMICallException) as caught:
        prepare(tank, call)
    assert caught.value.status == 3
    with pytest.raises(FMICallException):
        tank.step(5, 5)

    tank.fmu.reset()
    tank.initialize()
    tank.step(0, 5)


@pytest.mark.parametrize(
    "wrong", [{"m": 0.0}, {"tau_sensor": -1.0}, {"G_loss": -1.0}, {"m_flow": -0.1}, {"T_start": 0}]
)
def test_parameters_without_meaning_stop_the_initialization(
    tank: Slave, wrong: dict[str, float]
) -> None:
    with pytest.raises(FMICallException):
        tank.initialize(**wrong)


def test_another_guid_gives_no_instance(common: Path, tmp_path: Path) -> None:
    with opened(common, "heated-tank", tmp_path / "fmu") as slave:
        stranger = FMU2Slave(
            guid="{of another model}",
            unzipDirectory=str(tmp_path / "fmu"),
            modelIdentifier=slave.description.coSimulation.modelIdentifier,
            instanceName="stranger",
        )
        with pytest.raises(Exception, match="Failed to instantiate"):
            stranger.instantiate()


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_state_brings_everything_back(common: Path, tmp_path: Path, name: str) -> None:
    inputs = {"heated-tank": {"P": 5000.0}, "pi-controller": {"T_measured": 290.0}}[name]
    with opened(common, name, tmp_path / "fmu") as slave:
        slave.initialize(**inputs)
        slave.step(0, 7)
        state = slave.fmu.getFMUstate()
        saved = slave.fmu.serializeFMUstate(state)
        slave.fmu.freeFMUstate(state)
        slave.step(7, 7)
        first = slave.get(*slave.references)

        with pytest.raises(FMICallException):
            slave.step(99, 1)
        slave.fmu.setFMUstate(slave.fmu.deSerializeFMUstate(saved))
        slave.step(7, 7)
        assert slave.get(*slave.references) == first


def test_two_instances_of_one_fmu_do_not_know_each_other(tank: Slave, tmp_path: Path) -> None:
    twin: Any = FMU2Slave(
        guid=tank.description.guid,
        unzipDirectory=str(tmp_path / "tank"),
        modelIdentifier="heated_tank",
        instanceName="second",
    )
    twin.instantiate()
    twin.setupExperiment(startTime=0.0)
    twin.enterInitializationMode()
    twin.exitInitializationMode()
    tank.initialize(P=10000.0)
    tank.step(0, 60)

    assert twin.getReal([WATER]) == [TANK["start"]]
    twin.freeInstance()
