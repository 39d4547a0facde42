"""Co-simulation files with the values of a run's parameters: what ``${cosimulations.x}`` names."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from twinhub_dtconfig.checks.context import Context
from twinhub_dtconfig.checks.simulations import find_model
from twinhub_dtconfig.checks.variables import find_variable
from twinhub_dtconfig.cosimulation import (
    Assignment,
    CosimulationError,
    parse_cosimulation,
    read_cosimulation,
)
from twinhub_dtconfig.cosimulation.bindings import written_value
from twinhub_dtconfig.faults import Fault
from twinhub_dtconfig.files import FileRefusedError, read_regular_file
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.fmu import FmuError
from twinhub_dtconfig.interpolation import put_in

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from pathlib import Path

    from twinhub_dtconfig.assets import AssetTree
    from twinhub_dtconfig.checks.context import Result
    from twinhub_dtconfig.checks.variables import FoundVariable
    from twinhub_dtconfig.cosimulation import System
    from twinhub_dtconfig.cosimulation.base import Value
    from twinhub_dtconfig.interpolation import Name
    from twinhub_dtconfig.loading import LoadedTwin


_LARGEST = 16 * 2**20


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
    that relative paths in it hold, unless a ``target`` is given. ``${uses.alias}`` in it becomes
    the path of the asset. A value is written in the unit of its variable; parameters without a
    value leave what the file and the models say.

    Raises:
        CosimulationError: the file, a model or a variable cannot be used; holds located faults.
        OSError: the copy cannot be written.
    """
    context = Context(loaded, folder, assets, None)
    system = _read(context, name)
    assignments = list(_assignments(context, name, system, values))
    if target is None:
        beside = context.find(loaded.twin.cosimulations[name].file).path
        own = folder.resolve()
        place = own if beside is None else beside.parent.resolve()  # by a link, that of an asset
        parent = folder / place.relative_to(own) if place.is_relative_to(own) else folder
        target = parent / f"{name}.bound{system.suffix}"
    if os.path.lexists(target):
        target.unlink()  # a link would lead the copy elsewhere
    system.write(target, assignments)
    return target


def _read(context: Context, name: str) -> System:
    """Return a co-simulation with the paths of assets put in, which only Maestro and SSP have."""
    cosimulation = context.twin.cosimulations[name]
    found = context.find(cosimulation.file)
    if found.path is None:
        place = ("cosimulations", name, "file")
        what = f"there is no file {cosimulation.file}"
        raise _error(context, Finding(place, what, "create it"))
    if cosimulation.format == "fmpy" or found.path.suffix.lower() == ".ssp":
        return read_cosimulation(cosimulation.format, found.path)
    file = str(found.path)
    try:
        text = read_regular_file(found.path, _LARGEST).content.decode("utf-8")
        escaped = _in_json if cosimulation.format == "maestro" else _in_xml
        content = put_in(text, _path_writer(context, escaped)).encode()
    except (FileRefusedError, UnicodeDecodeError) as error:
        what = str(error) if isinstance(error, FileRefusedError) else "is not UTF-8"
        raise CosimulationError([Fault(file, 1, 1, f"the file {what}", "correct it")]) from error
    return parse_cosimulation(cosimulation.format, content, file)


def _path_writer(context: Context, escape: Callable[[str], str]) -> Callable[[Name], str]:
    """Return what puts paths of assets into a file, and leaves other names as they are."""

    def write(name: Name) -> str:
        found = None if name.namespace != "uses" else context.find(str(name)).path
        return str(name) if found is None else escape(str(found))

    return write


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _in_xml(text: str) -> str:
    return escape(text, {'"': "&quot;", "'": "&apos;"})


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
    return CosimulationError([context.loaded.locate(result)])
