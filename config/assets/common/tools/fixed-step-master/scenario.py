"""Reads a scenario: which FMUs, how they are connected, from when to when, with which step.

SPDX-License-Identifier: BSD-3-Clause
"""

from __future__ import annotations

import csv
import difflib
import json
import math
import os
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from string import Template
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMES = ("gauss-seidel", "jacobi")
INPUTS = "inputs"
"""Name that stands for the columns of the input file where an FMU's name could stand."""

_REQUIRED = {"start_time_s", "stop_time_s", "step_s", "scheme", "fmus", "connections", "outputs"}
_OPTIONAL = {"title", "inputs"}
_MAX_STEPS = 10_000_000


class ScenarioError(Exception):
    """The scenario or a file it names cannot be used; the text says what to correct."""


@dataclass(frozen=True)
class Port:
    """A variable of an FMU, or a column of the input file."""

    owner: str
    variable: str

    def __str__(self) -> str:
        """Return the port as the scenario writes it."""
        return f"{self.owner}.{self.variable}"


@dataclass(frozen=True)
class Instance:
    """An FMU to load and the parameters to give it."""

    name: str
    file: Path
    parameters: dict[str, float]


@dataclass(frozen=True)
class Inputs:
    """Columns over time; each row holds from its time until the next one."""

    file: Path
    columns: tuple[str, ...]
    times: tuple[float, ...]
    rows: tuple[tuple[float, ...], ...]

    def at(self, time: float) -> dict[Port, float]:
        """Return the values that hold at a time; a hair's breadth early counts as on time."""
        row = self.rows[max(0, bisect_right(self.times, time + 1e-9 * max(1.0, abs(time))) - 1)]
        return {Port(INPUTS, name): value for name, value in zip(self.columns, row, strict=True)}


@dataclass(frozen=True)
class Scenario:
    """Everything that a co-simulation depends on."""

    file: Path
    start_time: float
    step: float
    step_count: int
    scheme: str
    instances: tuple[Instance, ...]
    connections: tuple[tuple[Port, Port], ...]
    outputs: tuple[Port, ...]
    inputs: Inputs | None

    def time(self, index: int) -> float:
        """Return the time of a communication point; times are not added up, so none drifts."""
        return self.start_time + index * self.step


def load_scenario(
    file: Path,
    *,
    scheme: str | None = None,
    step: float | None = None,
    values: Mapping[str, float] | None = None,
) -> Scenario:
    """Read a scenario file, or raise a ScenarioError.

    ``scheme``, ``step`` and ``values`` (``FMU.parameter`` to its value) stand in for what the file
    says.
    """
    content = _read_json(file)
    _check_keys(content, file)
    start = _number(content, "start_time_s", file)
    stop = _number(content, "stop_time_s", file)
    step = _number(content, "step_s", file) if step is None else step
    scheme = scheme or content["scheme"]
    if scheme not in SCHEMES:
        raise ScenarioError(f'{file}: "scheme" is {scheme!r}, it must be one of {SCHEMES}')
    instances = tuple(_instance(name, item, file) for name, item in content["fmus"].items())
    instances = _with_values(instances, values or {}, file)
    connections = (
        (_port(source, file), _port(target, file))
        for source, targets in content["connections"].items()
        for target in targets
    )
    return Scenario(
        file=file,
        start_time=start,
        step=step,
        step_count=_count_steps(stop - start, step, file),
        scheme=scheme,
        instances=instances,
        connections=tuple(connections),
        outputs=tuple(_port(name, file) for name in content["outputs"]),
        inputs=_load_inputs(_path(content["inputs"], file)) if "inputs" in content else None,
    )


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ScenarioError(f"{file} is not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise ScenarioError(f"{file} must hold a JSON object")
    return content


def _check_keys(content: dict[str, Any], file: Path) -> None:
    known = _REQUIRED | _OPTIONAL
    for key in sorted(content.keys() - known):
        near = difflib.get_close_matches(key, known, n=1)
        hint = f", did you mean {near[0]!r}?" if near else ""
        raise ScenarioError(f"{file}: unknown key {key!r}{hint}")
    for key in sorted(_REQUIRED - content.keys()):
        raise ScenarioError(f"{file}: the key {key!r} is missing")
    for key, kind, what in (
        ("fmus", dict, "an object"),
        ("connections", dict, "an object that maps a source to a list of targets"),
        ("outputs", list, "a list"),
    ):
        if not isinstance(content[key], kind):
            raise ScenarioError(f"{file}: {key!r} must be {what}")
    for source, targets in content["connections"].items():
        if not isinstance(targets, list):
            raise ScenarioError(f"{file}: the targets of {source!r} must be a list")


def _number(content: dict[str, Any], key: str, file: Path) -> float:
    value = content[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ScenarioError(f"{file}: {key!r} is {value!r}, it must be a number")
    return float(value)


def _count_steps(duration: float, step: float, file: Path) -> int:
    if not step > 0 or not duration > 0:
        raise ScenarioError(f"{file}: the step and the simulated time must be above zero")
    count = round(duration / step)
    if count < 1 or abs(count * step - duration) > 1e-9 * duration:
        raise ScenarioError(
            f"{file}: the step {step:g} s does not divide the simulated time {duration:g} s: "
            "choose a step that does"
        )
    if count > _MAX_STEPS:
        raise ScenarioError(f"{file}: {count} steps are more than {_MAX_STEPS}: take a longer step")
    return count


def _instance(name: str, item: object, file: Path) -> Instance:
    if name == INPUTS or "." in name:
        raise ScenarioError(f"{file}: an FMU cannot have the name {name!r}")
    if not isinstance(item, dict) or not {"file"} <= item.keys() <= {"file", "parameters"}:
        raise ScenarioError(f'{file}: {name!r} needs "file" and may have "parameters", no more')
    parameters = item.get("parameters", {})
    values = {key: _number(parameters, key, file) for key in parameters}
    return Instance(name, _path(item["file"], file), values)


def _with_values(
    instances: tuple[Instance, ...], values: Mapping[str, float], file: Path
) -> tuple[Instance, ...]:
    """Return the FMUs with some of their parameters changed."""
    parameters = {instance.name: dict(instance.parameters) for instance in instances}
    for text, value in values.items():
        port = _port(text, file)
        if port.owner not in parameters:
            raise ScenarioError(f"{file}: {text!r} is set, and there is no FMU {port.owner!r}")
        parameters[port.owner][port.variable] = value
    return tuple(replace(one, parameters=parameters[one.name]) for one in instances)


def _path(text: str, file: Path) -> Path:
    """Return a path with ${NAME} filled in; a relative one starts at the scenario's folder."""
    try:
        return file.parent / Template(text).substitute(os.environ)
    except KeyError as error:
        raise ScenarioError(
            f"{file}: {text!r} needs the environment variable {error.args[0]}, which is not set"
        ) from error
    except ValueError as error:
        raise ScenarioError(f"{file}: {text!r} is no path") from error


def _port(text: str, file: Path) -> Port:
    owner, dot, variable = text.partition(".")
    if not (owner and dot and variable):
        raise ScenarioError(f"{file}: {text!r} must have the form FMU.variable or inputs.column")
    return Port(owner, variable)


def _load_inputs(file: Path) -> Inputs:
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            header, *lines = list(csv.reader(opened))
            rows = [tuple(float(text) for text in line) for line in lines]
    except OSError as error:
        raise ScenarioError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ScenarioError(f"{file} is no CSV file of numbers with a heading: {error}") from error
    times = tuple(row[0] for row in rows)
    if header[:1] != ["time_s"] or not rows or any(len(row) != len(header) for row in rows):
        raise ScenarioError(f"{file}: the first column must be time_s, and all rows equally long")
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise ScenarioError(f"{file}: time_s must grow from row to row")
    return Inputs(file, tuple(header[1:]), times, tuple(row[1:] for row in rows))
