"""Loads FMUs through FMPy and checks that the scenario's connections fit their variables.

SPDX-License-Identifier: BSD-3-Clause
"""

from __future__ import annotations

import difflib
import tempfile
import zipfile
from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from fmpy import calloc, extract, free, read_model_description
from fmpy.fmi1 import FMICallException
from fmpy.fmi2 import (
    FMU2Slave,
    fmi2CallbackAllocateMemoryTYPE,
    fmi2CallbackFreeMemoryTYPE,
    fmi2CallbackFunctions,
    fmi2CallbackLoggerTYPE,
)
from fmpy.validation import validate_fmu

from scenario import INPUTS, Instance, Port, Scenario, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fmpy.model_description import ModelDescription, ScalarVariable


class SimulationError(Exception):
    """An FMU refused a call; the text holds what it said."""


class Slave:
    """One FMU instance with the ports that the scenario connects or records."""

    def __init__(
        self, instance: Instance, scenario: Scenario, *, description: ModelDescription, folder: str
    ) -> None:
        """Load the library from the folder that the FMU was unpacked to."""
        self.name = instance.name
        self._references = {item.name: item.valueReference for item in description.modelVariables}
        self._parameters = instance.parameters
        self._sources = {to: source for source, to in scenario.connections if to.owner == self.name}
        read = {port for port in scenario.outputs if port.owner == self.name}
        read |= {source for source, _ in scenario.connections if source.owner == self.name}
        self._read = sorted(read, key=str)
        self._targets = [self._references[port.variable] for port in self._sources]
        self._messages: list[str] = []
        self._callbacks = self._make_callbacks()
        self._fmu = FMU2Slave(
            guid=description.guid,
            unzipDirectory=folder,
            modelIdentifier=description.coSimulation.modelIdentifier,
            instanceName=instance.name,
        )

    def instantiate(self) -> None:
        """Make the instance; `free` must follow."""
        try:
            self._fmu.instantiate(callbacks=self._callbacks, loggingOn=True)
        except Exception as error:  # FMPy raises no narrower one
            raise SimulationError(self._explain(str(error))) from error

    def free(self) -> None:
        """Give the instance and its library back."""
        self._fmu.freeInstance()

    def begin(self, start_time: float, stop_time: float) -> None:
        """Set the parameters and enter initialization mode."""
        with self._translated():
            self._fmu.setupExperiment(startTime=start_time, stopTime=stop_time)
            references = [self._references[name] for name in self._parameters]
            self._fmu.setReal(references, list(self._parameters.values()))
            self._fmu.enterInitializationMode()

    def finish_initialization(self) -> None:
        """Leave initialization mode."""
        with self._translated():
            self._fmu.exitInitializationMode()

    def set_inputs(self, signals: dict[Port, float]) -> None:
        """Give every connected input the present value of its source."""
        if not self._targets:
            return
        with self._translated():
            self._fmu.setReal(self._targets, [signals[port] for port in self._sources.values()])

    def step(self, time: float, step: float) -> None:
        """Advance by one communication step."""
        with self._translated():
            self._fmu.doStep(currentCommunicationPoint=time, communicationStepSize=step)

    def read(self) -> dict[Port, float]:
        """Return the values of the variables that are connected or recorded."""
        with self._translated():
            values = self._fmu.getReal([self._references[port.variable] for port in self._read])
        return dict(zip(self._read, values, strict=True))

    def _make_callbacks(self) -> fmi2CallbackFunctions:
        def remember(
            _environment: int, _name: bytes, _status: int, _kind: bytes, text: bytes
        ) -> None:
            self._messages.append(text.decode("utf-8", "replace"))

        callbacks = fmi2CallbackFunctions()
        callbacks.logger = fmi2CallbackLoggerTYPE(remember)
        callbacks.allocateMemory = fmi2CallbackAllocateMemoryTYPE(calloc)
        callbacks.freeMemory = fmi2CallbackFreeMemoryTYPE(free)
        return callbacks

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except FMICallException as error:
            raise SimulationError(self._explain(str(error))) from error

    def _explain(self, text: str) -> str:
        return f"FMU {self.name!r}: {self._messages[-1] if self._messages else text}"


@contextmanager
def opened_slaves(scenario: Scenario) -> Iterator[list[Slave]]:
    """Unpack, check and instantiate the FMUs in the scenario's order; give all back at the end."""
    with ExitStack() as stack:
        descriptions = {item.name: read_description(item) for item in scenario.instances}
        check_ports(scenario, descriptions)
        slaves = []
        for instance in scenario.instances:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="fmu-"))
            extract(str(instance.file), folder)
            slave = Slave(
                instance, scenario, description=descriptions[instance.name], folder=folder
            )
            slave.instantiate()
            stack.callback(slave.free)
            slaves.append(slave)
        yield slaves


def read_description(instance: Instance) -> ModelDescription:
    """Return an FMU's model description, or say why it cannot be used here."""
    file = instance.file
    if not file.is_file():
        raise ScenarioError(f"{file} is missing: ask for the common assets to be installed again")
    try:
        description = read_model_description(str(file))
    except Exception as error:  # FMPy raises no narrower one
        raise ScenarioError(f"{file} is no FMU: {error}") from error
    if description.fmiVersion != "2.0" or description.coSimulation is None:
        raise ScenarioError(f"{file} is no FMU for co-simulation of FMI 2.0")
    return description


def find_problems(instance: Instance) -> list[str]:
    """Return what FMPy's validation finds wrong with an FMU."""
    try:
        return [str(problem) for problem in validate_fmu(str(instance.file))]
    except (OSError, zipfile.BadZipFile) as error:
        return [str(error)]


def check_ports(scenario: Scenario, descriptions: dict[str, ModelDescription]) -> None:
    """Raise a ScenarioError unless every port exists, fits its use, and units agree."""
    variables = {
        Port(name, item.name): item
        for name, description in descriptions.items()
        for item in description.modelVariables
        if item.type == "Real"
    }
    parameters = [
        Port(instance.name, name) for instance in scenario.instances for name in instance.parameters
    ]
    _check_existence(parameters, variables, scenario)
    for port in parameters:
        _check_causality(port, variables, "parameter", scenario)
    for source, target in scenario.connections:
        if source.owner != INPUTS:
            _check_causality(source, variables, "output", scenario)
        _check_causality(target, variables, "input", scenario)
        _check_units(source, target, variables, scenario)
    targets = Counter(target for _, target in scenario.connections)
    for target, count in targets.items():
        if count > 1:
            raise ScenarioError(f"{scenario.file}: {target} has {count} sources, it can have one")


def _check_existence(
    parameters: list[Port], variables: dict[Port, ScalarVariable], scenario: Scenario
) -> None:
    columns = scenario.inputs.columns if scenario.inputs else ()
    known = {*variables, *(Port(INPUTS, column) for column in columns)}
    connected = [port for pair in scenario.connections for port in pair]
    for port in [*parameters, *connected, *scenario.outputs]:
        if port not in known:
            near = difflib.get_close_matches(str(port), map(str, known), n=1)
            hint = f", did you mean {near[0]}?" if near else ""
            raise ScenarioError(
                f"{scenario.file}: there is no real variable or column {port}{hint}"
            )


def _check_causality(
    port: Port, variables: dict[Port, ScalarVariable], causality: str, scenario: Scenario
) -> None:
    actual = variables[port].causality if port in variables else "none"
    if actual != causality:
        raise ScenarioError(
            f"{scenario.file}: {port} is of causality {actual}, here it must be {causality}"
        )


def _check_units(
    source: Port, target: Port, variables: dict[Port, ScalarVariable], scenario: Scenario
) -> None:
    """Units are compared by name: FMUs that mean the same must write it the same."""
    units = [variables[port].unit for port in (source, target) if port in variables]
    if None not in units and len(set(units)) > 1:
        raise ScenarioError(
            f"{scenario.file}: {source} is in {units[0]}, but {target} is in {units[1]}"
        )
