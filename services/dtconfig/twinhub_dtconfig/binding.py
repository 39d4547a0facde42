"""Co-simulation files with the values of a run's parameters: what ``${cosimulations.x}`` names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from twinhub_dtconfig.checks.context import Context
from twinhub_dtconfig.checks.simulations import find_model
from twinhub_dtconfig.checks.variables import find_variable
from twinhub_dtconfig.cosimulation import Assignment, CosimulationError, read_cosimulation
from twinhub_dtconfig.cosimulation.bindings import written_value
from twinhub_dtconfig.faults import Fault
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.fmu import FmuError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

    from twinhub_dtconfig.assets import AssetTree
    from twinhub_dtconfig.checks.context import Result
    from twinhub_dtconfig.checks.variables import FoundVariable
    from twinhub_dtconfig.cosimulation import System
    from twinhub_dtconfig.cosimulation.base import Value
    from twinhub_dtconfig.loading import LoadedTwin


def write_bound(
    loaded: LoadedTwin,
    folder: Path,
    assets: AssetTree | None,
    name: str,
    *,
    values: Mapping[str, Value],
    target: Path | None = None,
) -> Path:
    """Write a co-simulation's file with values of parameters in it, and return its path.

    ``folder`` is where the twin runs, with its ``files`` made. The copy lies beside the file, so
    that relative paths in it hold, unless a ``target`` is given. A value is written in the unit of
    the variable; parameters without a value leave what the file and the models say.

    Raises:
        CosimulationError: the file, a model or a variable cannot be used; holds located faults.
        OSError: the copy cannot be written.
    """
    context = Context(loaded, folder, assets, None)
    system = _read(context, name)
    assignments = list(_assignments(context, name, system, values))
    if target is None:
        beside = context.find(loaded.twin.cosimulations[name].file).path
        parent = folder if beside is None or not beside.is_relative_to(folder) else beside.parent
        target = parent / f"{name}.bound{system.suffix}"
    if os.path.lexists(target):
        target.unlink()  # a link would lead the copy elsewhere
    system.write(target, assignments)
    return target


def _read(context: Context, name: str) -> System:
    cosimulation = context.twin.cosimulations[name]
    found = context.find(cosimulation.file)
    if found.path is None:
        place = ("cosimulations", name, "file")
        what = f"there is no file {cosimulation.file}"
        raise _error(context, Finding(place, what, "create it"))
    return read_cosimulation(cosimulation.format, found.path)


def _assignments(
    context: Context, name: str, system: System, values: Mapping[str, Value]
) -> Iterator[Assignment]:
    for parameter, targets in context.twin.cosimulations[name].bind.items():
        if parameter not in values:
            continue
        unit = context.twin.parameters[parameter].unit
        for text in (targets,) if isinstance(targets, str) else targets:
            found = _find(context, (name, parameter), system, text)
            value = written_value(found.model, found.variable, values[parameter], unit)
            yield Assignment(found.place.name, value, found.variable)


def _find(context: Context, names: tuple[str, str], system: System, text: str) -> FoundVariable:
    place = ("cosimulations", names[0], "bind", names[1])
    found, result = _first(find_variable(context, place, system, text))
    if found is not None:
        return found
    if result is None:
        variable = system.find(text)
        model = None if variable is None else find_model(context, system, variable.instance)
        what = model.what if isinstance(model, FmuError) else f"there is no model for {text!r}"
        result = Finding(place, what, "build it before")
    raise _error(context, result)


def _first(
    search: Generator[Result, None, FoundVariable | None],
) -> tuple[FoundVariable | None, Result | None]:
    try:
        return None, next(search)
    except StopIteration as end:
        return end.value, None


def _error(context: Context, result: Result) -> CosimulationError:
    if isinstance(result, Fault):
        return CosimulationError([result])
    fault = context.loaded.fault_at(result.path, result.what, result.remedy, nearest=result.nearest)
    return CosimulationError([fault])
