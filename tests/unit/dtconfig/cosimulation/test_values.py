"""What a variable makes of a value and of the unit that it is given in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.cosimulation.bindings import (
    check_settable,
    check_type_of_signal,
    check_unit,
    check_value,
    written_value,
)
from twinhub_dtconfig.fmu import parse_description

from tests.unit.dtconfig.models import FMI_2, FMI_3

if TYPE_CHECKING:
    from twinhub_dtconfig.cosimulation.base import Value

UNITS = """
    <Unit name="U/min"><BaseUnit s="-1" rad="1" factor="0.5"/></Unit>
    <Unit name="deg_C"><BaseUnit K="1" factor="1" offset="273.15"/></Unit>
    <Unit name="lumps"/>
"""
VARIABLES = """
    <ScalarVariable name="own_speed" valueReference="20" causality="input">
      <Real unit="U/min" start="0" min="-4" max="4"/></ScalarVariable>
    <ScalarVariable name="own_temperature" valueReference="21" causality="input">
      <Real unit="deg_C" start="0"/></ScalarVariable>
    <ScalarVariable name="lumps" valueReference="22" causality="input">
      <Real unit="lumps" start="0"/></ScalarVariable>
"""
MODEL = parse_description(
    FMI_2.replace('<Unit name="lumps"/>', UNITS)
    .replace("<ModelVariables>", f"<ModelVariables>{VARIABLES}")
    .encode(),
    "m.xml",
)
THREE = parse_description(FMI_3.encode(), "m.xml")


@pytest.mark.parametrize(
    ("name", "value", "unit", "written"),
    [
        ("T", 20, "degC", 293.15),
        ("T", 300, "K", 300),
        ("T", 300, None, 300),
        ("T", 300, "W", 300),  # a fault of its own
        ("T", 300, "gadgets", 300),
        ("speed", 1, "Hz", 9.549297),
        ("own_speed", 1, "rad/s", 2),
        ("own_speed", 1, "K", 1),
        ("own_temperature", 300, "K", 26.85),
        ("own_temperature", 25, "degC", 25),
        ("lumps", 3, "K", 3),
        ("n", 4, None, 4),
        ("mode", "on", None, 1),
        ("mode", 1, None, 1),
        ("label", "text", None, "text"),
        ("quiet", True, None, True),
    ],
)
def test_a_value_is_written_in_the_unit_of_its_variable(
    name: str, value: Value, unit: str | None, written: Value
) -> None:
    result = written_value(MODEL, MODEL.variables[name], value, unit)
    assert result == (pytest.approx(written) if isinstance(written, float) else written)


@pytest.mark.parametrize(
    ("name", "unit", "words"),
    [
        ("own_speed", "rpm", None),
        ("own_speed", "K", "K cannot be turned into U/min"),
        ("own_speed", None, "own_speed is in U/min, and here is no unit"),
        ("own_temperature", "degF", None),
        ("lumps", "K", None),
        ("lumps", None, None),
        ("T", "gadgets", None),
        ("x.y[1]", "K", None),
    ],
)
def test_units_that_a_model_defines_are_compared_by_powers(
    name: str, unit: str | None, words: str | None
) -> None:
    problems = [problem.what for problem in check_unit(MODEL, MODEL.variables[name], unit)]
    assert len(problems) == (0 if words is None else 1)
    assert words is None or words in problems[0]


def test_bounds_hold_in_the_unit_of_the_variable() -> None:
    speed = MODEL.variables["own_speed"]
    assert not list(check_value(MODEL, speed, 2, "rad/s"))
    assert [problem.what for problem in check_value(MODEL, speed, 3, "rad/s")] == [
        "3 rad/s is too large"
    ]
    assert [problem.what for problem in check_value(MODEL, speed, -5, None)] == ["-5 is too small"]
    assert not list(check_value(MODEL, MODEL.variables["quiet"], value=True, unit=None))


@pytest.mark.parametrize(
    ("name", "kind", "remedy"),
    [
        ("n", "number", "write `type: integer`"),
        ("mode", "number", "write `type: text` with choices: off, on"),
        ("label", "integer", "write `type: text`"),
        ("quiet", "text", "write `type: boolean`"),
        ("T", "integer", None),
        ("mode", "integer", None),
    ],
)
def test_types_that_do_not_fit_are_said_with_the_one_that_does(
    name: str, kind: str, remedy: str | None
) -> None:
    remedies = [problem.remedy for problem in check_settable(MODEL.variables[name], kind=kind)]
    assert remedies == ([] if remedy is None else [remedy])


def test_binary_variables_and_time_take_and_give_nothing() -> None:
    assert [p.remedy for p in check_type_of_signal(THREE.variables["frame"], kind="text")] == [
        "choose another variable"
    ]
    assert [p.what for p in check_settable(THREE.variables["time"], kind="number")] == [
        "time is the time of the model"
    ]
