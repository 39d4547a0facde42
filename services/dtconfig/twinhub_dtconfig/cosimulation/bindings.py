"""Whether a variable of a model can take the values of a parameter, or give those of a signal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig import units
from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.fmu import Causality, ValueType, Variability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.cosimulation.base import Value
    from twinhub_dtconfig.fmu import ModelDescription, Variable


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong or doubtful between a variable and what is bound to it."""

    what: str
    remedy: str = ""
    nearest: str | None = None
    is_warning: bool = False


_FITTING = {
    "number": {ValueType.NUMBER},
    "integer": {ValueType.INTEGER, ValueType.NUMBER, ValueType.ENUMERATION},
    "boolean": {ValueType.BOOLEAN},
    "text": {ValueType.TEXT, ValueType.ENUMERATION},
}
_GIVEN = {
    Causality.OUTPUT: "an output: the model computes it",
    Causality.CALCULATED_PARAMETER: "a calculated parameter: the model computes it",
    Causality.LOCAL: "a local variable without a start value",
    Causality.INDEPENDENT: "the time of the model",
}


def check_settable(variable: Variable, *, kind: str) -> Iterator[Problem]:
    """Yield why a variable cannot take values of a type (number, integer, boolean, text)."""
    name = variable.name
    if variable.variability is Variability.CONSTANT:
        yield Problem(f"{name} is a constant", "bind a parameter or an input")
    elif not variable.is_settable:
        what = f"{name} is {_GIVEN[variable.causality]}"
        yield Problem(what, "bind a parameter or an input")
    elif variable.dimensions:
        yield Problem(f"{name} is an array, and a parameter is one value", "bind another variable")
    elif variable.type not in _FITTING[kind]:
        yield Problem(
            f"{name} takes values of type {variable.type}, not {kind}", _type_remedy(variable)
        )


def check_type_of_signal(variable: Variable, *, kind: str) -> Iterator[Problem]:
    """Yield why a variable does not give values of a type."""
    fitting = _FITTING[kind] | ({ValueType.INTEGER} if kind == "number" else set())
    if variable.type not in fitting:
        what = f"{variable.name} has values of type {variable.type}, not {kind}"
        yield Problem(what, _type_remedy(variable))


def check_unit(model: ModelDescription, variable: Variable, unit: str | None) -> Iterator[Problem]:
    """Yield why a value in a unit is not one of a variable; unknown units are another's task."""
    if variable.unit is None or unit == variable.unit or not _is_known(model, variable.unit):
        return
    if unit is None:
        if variable.type is ValueType.NUMBER and not _measures(model, variable.unit, "1"):
            what = f"{variable.name} is in {variable.unit}, and here is no unit"
            yield Problem(what, f"add `unit: {variable.unit}`", is_warning=True)
    elif units.is_unit(unit) and not _measures(model, variable.unit, unit):
        what = f"{unit} cannot be turned into {variable.unit}, the unit of {variable.name}"
        yield Problem(what, "give a unit that measures the same")


def check_value(
    model: ModelDescription, variable: Variable, value: Value, unit: str | None
) -> Iterator[Problem]:
    """Yield why a variable cannot take a value that is given in a unit."""
    if isinstance(value, str):
        if variable.type is ValueType.ENUMERATION and value not in variable.items:
            remedy = f"{variable.name} takes {', '.join(variable.items)}"
            yield Problem(f"{value!r} is no choice", remedy, nearest_key(value, variable.items))
        return
    if isinstance(value, bool):
        return
    converted = converted_value(model, variable, value, unit)
    shown = f"{value:g}" if converted == value else f"{value:g} {unit}"
    if variable.minimum is not None and _is_less(converted, variable.minimum):
        limit = f"{variable.name} is at least {variable.minimum:g} {variable.unit or ''}".strip()
        yield Problem(f"{shown} is too small", limit)
    if variable.maximum is not None and _is_less(variable.maximum, converted):
        limit = f"{variable.name} is at most {variable.maximum:g} {variable.unit or ''}".strip()
        yield Problem(f"{shown} is too large", limit)


def _is_less(value: float, limit: float) -> bool:
    """Tell whether a value is less by more than what a conversion may have rounded."""
    return value < limit and not math.isclose(value, limit, rel_tol=1e-12)


def converted_value(
    model: ModelDescription, variable: Variable, value: float, unit: str | None
) -> float:
    """Return a value in the unit of a variable; unchanged where a unit is missing or unknown."""
    target = variable.unit
    if unit is None or target is None or unit == target or not units.is_unit(unit):
        return value
    base = model.units.get(target)
    if base is not None and units.has_exponents(unit, base.exponents):
        return (units.convert_to_base(value, unit, base.exponents) - base.offset) / base.factor
    if base is None and units.is_unit(target) and units.are_compatible(unit, target):
        return units.convert(value, unit, target)
    return value


def written_value(
    model: ModelDescription, variable: Variable, value: Value, unit: str | None
) -> Value:
    """Return the value that is written for a variable: in its unit, and of its type."""
    if isinstance(value, str):
        return variable.items.get(value, value)
    if isinstance(value, bool) or variable.type is not ValueType.NUMBER:
        return value
    return converted_value(model, variable, value, unit)


def _is_known(model: ModelDescription, unit: str) -> bool:
    return units.is_unit(unit) or model.units.get(unit) is not None


def _measures(model: ModelDescription, unit: str, other: str) -> bool:
    """Tell whether a model's unit and one that people write measure the same.

    What the model says of its unit counts more than the name, such as `U/min` for revolutions.
    """
    base = model.units.get(unit)
    return (
        units.are_compatible(unit, other)
        if base is None
        else units.has_exponents(other, base.exponents)
    )


def _type_remedy(variable: Variable) -> str:
    match variable.type:
        case ValueType.INTEGER:
            return "write `type: integer`"
        case ValueType.ENUMERATION:
            return f"write `type: text` with choices: {', '.join(variable.items)}"
        case ValueType.BINARY | ValueType.CLOCK:
            return "choose another variable"
        case _:
            return f"write `type: {variable.type}`"
