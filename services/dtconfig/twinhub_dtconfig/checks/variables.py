"""What a twin binds to variables of models, and what it shows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from twinhub_dtconfig.checks.simulations import find_model, listed, nearest_variable
from twinhub_dtconfig.cosimulation.bindings import (
    Problem,
    check_settable,
    check_type_of_signal,
    check_unit,
    check_value,
)
from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.fmu import FmuError, ModelDescription, Variable
from twinhub_dtconfig.models.parameters import fits

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from twinhub_dtconfig.checks.context import Context, Result
    from twinhub_dtconfig.cosimulation import Found, System
    from twinhub_dtconfig.cosimulation.base import Value
    from twinhub_dtconfig.nodes import Key

    Where = tuple[Key, ...]


class FoundVariable(NamedTuple):
    """A variable of a model that a twin names."""

    model: ModelDescription
    variable: Variable
    place: Found


def check_bindings(context: Context) -> Iterator[Result]:
    """Yield bindings that a variable cannot take; co-simulations were read before."""
    for name, system in context.systems.items():
        bound: dict[str, str] = {}
        driven = {(one.instance, one.variable) for one in system.mentions if one.role == "target"}
        for place, parameter, text in _bindings(context, name):
            found = yield from find_variable(context, place, system, text)
            if found is None:
                continue
            first = bound.setdefault(found.place.name, parameter)
            other = f"the parameter {first}" if first != parameter else None
            if (found.place.instance.name, found.place.variable) in driven:
                other = "a connection"
            if other is not None:
                yield Finding(place, f"{other} gives it its value too", "remove one of them")
            yield from _check_binding(context, place, parameter, found)


def check_signals(context: Context) -> Iterator[Result]:
    """Yield signals whose variable is not there or is something else; co-simulations come first."""
    for name, signal in context.twin.signals.items():
        text = signal.source.variable
        chosen = signal.source.cosimulation or next(iter(context.twin.cosimulations), "")
        system = context.systems.get(chosen)
        if text is None or system is None:
            continue
        place: Where = ("signals", name, "source", "variable")
        found = yield from find_variable(context, place, system, text)
        if found is not None:
            problems = list(check_type_of_signal(found.variable, kind=signal.type))
            yield from (_finding(("signals", name, "type"), problem) for problem in problems)
            if not problems:
                for problem in check_unit(found.model, found.variable, signal.unit):
                    yield _finding(("signals", name, "unit"), problem)


def _bindings(context: Context, name: str) -> Iterator[tuple[Where, str, str]]:
    """Yield each binding of a co-simulation: its place, the parameter, the variable."""
    for parameter, targets in context.twin.cosimulations[name].bind.items():
        if parameter not in context.twin.parameters:
            continue  # the rules of the language said so
        place: Where = ("cosimulations", name, "bind", parameter)
        if isinstance(targets, str):
            yield place, parameter, targets
        else:
            yield from (((*place, at), parameter, one) for at, one in enumerate(targets))


def _check_binding(
    context: Context, place: Where, name: str, found: FoundVariable
) -> Iterator[Result]:
    parameter = context.twin.parameters[name]
    problems = list(check_settable(found.variable, kind=parameter.kind))
    problems = problems or list(check_unit(found.model, found.variable, parameter.unit))
    yield from (_finding(place, problem) for problem in problems)
    if found.variable.is_settable:
        yield from _check_values(context, name, found)


def _check_values(context: Context, name: str, found: FoundVariable) -> Iterator[Result]:
    parameter = context.twin.parameters[name]
    for where, value in _values(context, name):
        if fits(value, parameter.kind):
            problems = check_value(found.model, found.variable, value, parameter.unit)
            yield from (_finding(where, problem) for problem in problems)
    for key in ("minimum", "maximum"):
        bound = getattr(parameter, key)
        if bound is not None:
            for problem in check_value(found.model, found.variable, bound, parameter.unit):
                where = ("parameters", name, key)
                yield Finding(where, problem.what, problem.remedy, is_warning=True)


def _values(context: Context, name: str) -> Iterator[tuple[Where, Value]]:
    """Yield what a parameter may be: its default, its choices, and what scenarios say."""
    parameter = context.twin.parameters[name]
    if parameter.default is not None:
        yield ("parameters", name, "default"), parameter.default
    for at, choice in enumerate(parameter.choices or ()):
        yield ("parameters", name, "choices", at), choice
    for scenario, plan in context.twin.scenarios.items():
        if name in plan.parameters:
            yield ("scenarios", scenario, "parameters", name), plan.parameters[name]


def find_variable(
    context: Context, place: Where, system: System, text: str
) -> Generator[Result, None, FoundVariable | None]:
    """Return the variable that a text names; yield why there is none; None if it is not known."""
    found = system.find(text)
    if found is None:
        names = list(system.instances or system.models)
        nearest = _nearest_instance(text, names)
        what = f"the co-simulation has no model for {text[:80]!r}"
        remedy = "" if nearest else f"its models are {', '.join(names[:10])}"
        yield Finding(place, what, remedy, nearest)
        return None
    model = find_model(context, system, found.instance)
    if model is None or isinstance(model, FmuError):
        return None
    variable = model.variables.get(found.variable)
    if variable is None:
        near = nearest_variable(context, model, found.variable)
        full = None if near is None else f"{found.name.removesuffix(found.variable)}{near}"
        what = f"{model.name} has no variable {found.variable[:80]!r}"
        yield Finding(place, what, listed(model, near), full)
        return None
    return FoundVariable(model, variable, found)


def _nearest_instance(text: str, names: list[str]) -> str | None:
    """Return the text with the instance that was probably meant."""
    head, dot, variable = text.rpartition(".")
    nearest = nearest_key(head, names) if dot else None
    return f"{nearest}.{variable}" if nearest else None


def _finding(place: Where, problem: Problem) -> Finding:
    return Finding(
        place, problem.what, problem.remedy, problem.nearest, is_warning=problem.is_warning
    )
