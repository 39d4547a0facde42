"""Scenarios and what is reserved: names that must be there, values that must fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.models.plans import Range
from twinhub_dtconfig.rules.links import link

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from twinhub_dtconfig.models.twin import Twin
    from twinhub_dtconfig.nodes import Key

    Path = tuple[Key, ...]


def check_plans(twin: Twin) -> Iterator[Finding]:
    """Yield names that are not there and values that parameters cannot take."""
    for name, scenario in twin.scenarios.items():
        yield from check_values(twin, ("scenarios", name, "parameters"), scenario.parameters)
    for name, instance in twin.instances.items():
        yield from check_values(twin, ("instances", name, "parameters"), instance.parameters)
    yield from _check_sweeps(twin)
    for name, schedule in twin.schedules.items():
        path: Path = ("schedules", name)
        yield from link((*path, "phase"), _phase(schedule.phase), twin.phases, "phases")
        yield from link((*path, "scenario"), schedule.scenario, twin.scenarios, "scenarios")
    for name, fleet in twin.fleets.items():
        for at, instance_name in enumerate(fleet.instances):
            path = ("fleets", name, "instances", at)
            yield from link(path, instance_name, twin.instances, "instances")
        yield from link(("fleets", name, "phase"), _phase(fleet.phase), twin.phases, "phases")
    yield from _check_composites(twin)


def check_values(twin: Twin, path: Path, values: Mapping[str, object]) -> Iterator[Finding]:
    """Yield values of parameters that do not exist or cannot take them."""
    for name, value in values.items():
        parameter = twin.parameters.get(name)
        if parameter is None:
            yield from link((*path, name), name, twin.parameters, "parameters")
        elif (refusal := parameter.refuse(value)) is not None:
            yield Finding((*path, name), refusal.what, refusal.remedy, refusal.nearest)


def _check_sweeps(twin: Twin) -> Iterator[Finding]:
    for name, sweep in twin.sweeps.items():
        path: Path = ("sweeps", name)
        yield from link((*path, "phase"), _phase(sweep.phase), twin.phases, "phases")
        yield from link((*path, "scenario"), sweep.scenario, twin.scenarios, "scenarios")
        for parameter, values in sweep.parameters.items():
            place = (*path, "parameters", parameter)
            ends = (values.start, values.stop) if isinstance(values, Range) else values
            keys: Sequence[Key] = ("from", "to") if isinstance(values, Range) else range(len(ends))
            for key, value in zip(keys, ends, strict=True):
                for finding in check_values(twin, place, {parameter: value}):
                    is_absent = parameter not in twin.parameters
                    where = place if is_absent else (*place, key)
                    yield Finding(where, finding.what, finding.remedy, finding.nearest)
                if parameter not in twin.parameters:
                    break


def _check_composites(twin: Twin) -> Iterator[Finding]:
    parts = [alias for alias, use in twin.uses.items() if use.twin is not None]
    for name, composite in twin.composites.items():
        path: Path = ("composites", name)
        for at, part in enumerate(composite.parts):
            yield from link((*path, "parts", at), part, parts, "the digital twins of uses")
        for source, target in composite.connections.items():
            place = (*path, "connections", source)
            for end, known in (
                (source, twin.signals),
                (target, {**twin.parameters, **twin.commands}),
            ):
                part, dot, _ = end.partition(".")
                if dot:
                    yield from link(place, part, composite.parts, "parts")
                else:
                    kind = "signals" if known is twin.signals else "parameters and commands"
                    yield from link(place, end, known, kind)


def _phase(name: str) -> str:
    return "analyse" if name == "analyze" else name
