"""Co-simulations: their files, the models in them, and what the files say of variables."""

from __future__ import annotations

import itertools
from dataclasses import astuple, replace
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_dtconfig.checks.paths import matches
from twinhub_dtconfig.cosimulation import (
    CosimulationError,
    MultiModel,
    SingleModel,
    Structure,
    parse_cosimulation,
    read_cosimulation,
)
from twinhub_dtconfig.cosimulation.bindings import (
    Problem,
    check_settable,
    check_value,
)
from twinhub_dtconfig.faults import Fault, nearest_key
from twinhub_dtconfig.files import FileRefusedError, read_regular_file
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.fmu import (
    Causality,
    FmuError,
    FmuKind,
    ModelDescription,
    ValueType,
    Variable,
    read_model_description,
)
from twinhub_dtconfig.interpolation import put_in
from twinhub_dtconfig.resolving import as_text

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from twinhub_dtconfig.checks.context import Context, Result
    from twinhub_dtconfig.cosimulation import Instance, Mention, System
    from twinhub_dtconfig.cosimulation.base import Value
    from twinhub_dtconfig.interpolation import Name
    from twinhub_dtconfig.models.connections import Cosimulation
    from twinhub_dtconfig.models.environment import File
    from twinhub_dtconfig.nodes import Key

    Where = tuple[Key, ...]


def check_cosimulations(context: Context) -> Iterator[Result]:
    """Yield what is wrong with the files of co-simulations and the models that they name."""
    for name, cosimulation in context.twin.cosimulations.items():
        system = yield from _read(context, ("cosimulations", name), cosimulation)
        if system is None:
            continue
        context.systems[name] = system
        place: Where = ("cosimulations", name)
        yield from _check_models(context, (*place, "file"), system)
        yield from _check_mentions(context, system)


def check_state(context: Context) -> Iterator[Result]:
    """Yield that models cannot give their state, where it is to be kept."""
    if not context.twin.state.fmu_state:
        return
    place: Where = ("state", "fmu_state")
    if not context.twin.cosimulations:
        yield Finding(place, "there is no co-simulation", "remove it")
    for system in context.systems.values():
        for instance in system.instances.values():
            model = find_model(context, system, instance)
            if isinstance(model, FmuError) or model is None or model.can_serialize_state:
                continue
            ability = "write its state to a file" if model.can_save_state else "give its state"
            what = f"{model.name} cannot {ability}, so that a run can be restarted only"
            yield Finding(place, what, "export the model with this ability", is_warning=True)


def _read(
    context: Context, place: Where, cosimulation: Cosimulation
) -> Generator[Result, None, System | None]:
    """Return the co-simulation, or None where it cannot be read or only a run could."""
    if cosimulation.format == "fmpy":
        return SingleModel(cosimulation.file)
    for made in context.twin.files:
        if matches(cosimulation.file, made.to):
            return (yield from _read_template(context, cosimulation, made))
    file = yield from _file(context, (*place, "file"), cosimulation.file)
    configuration = None
    if cosimulation.configuration is not None:
        where = (*place, "configuration")
        configuration = yield from _file(context, where, cosimulation.configuration)
    if file is None:
        return None
    try:
        return read_cosimulation(cosimulation.format, file, configuration)
    except CosimulationError as error:
        yield from error.faults
        return None


def _read_template(
    context: Context, cosimulation: Cosimulation, made: File
) -> Generator[Result, None, System | None]:
    """Return the co-simulation that a template makes with the defaults of parameters."""
    path = None if made.render is None else context.find(made.render).path
    if path is None or cosimulation.format == "fmpy":
        return None
    try:
        text = read_regular_file(path, _LARGEST_TEMPLATE).content.decode("utf-8")
    except (FileRefusedError, UnicodeDecodeError):  # said where templates are checked
        return None
    content = put_in(text, lambda name: _default_of(context, name))
    try:
        system = parse_cosimulation(cosimulation.format, content.encode(), str(path))
    except CosimulationError as error:
        if "${" not in content:  # else it may be what only a run can put in
            yield from error.faults
        return None
    context.bases[system.file] = (context.folder / cosimulation.file).parent
    return system


def _default_of(context: Context, name: Name) -> str:
    parameter = context.twin.parameters.get(name.name) if name.namespace == "parameters" else None
    default = None if parameter is None else parameter.default
    return str(name) if default is None else as_text(default)


def _file(context: Context, place: Where, text: str) -> Generator[Result, None, Path | None]:
    """Return the path of a file that is there; yield that it is not, unless the twin makes it."""
    found = context.find(text)
    if found.path is None and found.is_judged and not context.makes(text):
        nearest = context.nearest(text)
        remedy = "" if nearest else "create it, or correct the path"
        yield Finding(place, f"there is no file {text}", remedy, nearest)
    return found.path


_LARGEST_TEMPLATE = 2**20


def _check_models(context: Context, place: Where, system: System) -> Iterator[Result]:
    """Yield models that are not there or cannot be read; each file once."""
    sources = {model.source: model for model in system.models.values()}
    for source, instance in sources.items():
        model = find_model(context, system, instance)
        if isinstance(model, FmuError) and not instance.name:
            nearest = context.nearest(source)
            yield Finding(place, model.what, "" if nearest else model.remedy, nearest)
        elif isinstance(model, FmuError):
            yield Fault(system.file, *instance.position, model.what, model.remedy)
        elif model is not None:
            yield from _check_runs(place, system, instance, model)


_LINUX = {"linux64", "x86_64-linux", "aarch64-linux"}


def _check_runs(
    place: Where, system: System, instance: Instance, model: ModelDescription
) -> Iterator[Result]:
    """Yield why a model can be read and yet not be run here."""
    if isinstance(system, MultiModel) and FmuKind.CO_SIMULATION not in model.kinds:
        what = f"{model.name} is for {' and '.join(model.kinds)} only, which Maestro does not run"
        yield Fault(system.file, *instance.position, what, "export it for co-simulation")
    if model.platforms and not model.has_sources and not _LINUX.intersection(model.platforms):
        what = f"{model.name} has programs for {', '.join(model.platforms)} only"
        remedy = "export it for Linux, or with its sources"
        if instance.name:
            fault = Fault(system.file, *instance.position, what, remedy)
            yield replace(fault, severity="warning")
        else:
            yield Finding(place, what, remedy, is_warning=True)


def find_model(
    context: Context, system: System, instance: Instance
) -> ModelDescription | FmuError | None:
    """Return what the model of an instance says, why it cannot be read, or None: not yet known."""
    if isinstance(system, Structure) and system.package is not None:
        return _cached(context, system.package / instance.source, system, instance)
    base = context.bases.get(system.file, Path(system.file).parent) if instance.name else None
    found = context.find(instance.source, base)
    path = found.path or context.find_sources(instance.source)
    if path is not None:
        return _cached(context, path, system, instance)
    if not found.is_judged or context.makes(instance.source):
        return None
    return FmuError(f"there is no model {instance.source}", "correct the path, or build it")


def _cached(
    context: Context, path: Path, system: System, instance: Instance
) -> ModelDescription | FmuError:
    if path not in context.models:
        try:
            if isinstance(system, Structure) and system.package is not None:
                context.models[path] = system.read_packed_model(instance)
            else:
                context.models[path] = read_model_description(path)
        except FmuError as error:
            context.models[path] = error
    return context.models[path]


def _check_mentions(context: Context, system: System) -> Iterator[Result]:
    """Yield variables in the file that models do not have, or that are used the wrong way."""
    driven: dict[tuple[str, str], Mention] = {}
    for mention in system.mentions:
        model = find_model(context, system, system.instances[mention.instance])
        if model is None or isinstance(model, FmuError):
            continue
        variable = model.variables.get(mention.variable)
        if variable is None:
            nearest = nearest_variable(context, model, mention.variable)
            what = f"{model.name} has no variable {mention.variable[:80]!r}"
            yield Fault(system.file, *mention.position, what, listed(model, nearest), nearest)
            continue
        for problem in _check_role(model, mention, variable):
            yield Fault(system.file, *mention.position, *astuple(problem)[:3])
        if mention.role == "target":
            first = driven.setdefault((mention.instance, mention.variable), mention)
            if first is not mention:
                line, column = first.position
                what = f"{mention.variable} has two sources, the other at {line}:{column}"
                yield Fault(system.file, *mention.position, what, "remove one")


def _check_role(model: ModelDescription, mention: Mention, variable: Variable) -> Iterator[Problem]:
    name, causality = variable.name, variable.causality
    match mention.role:
        case "target" if causality is not Causality.INPUT:
            yield Problem(f"{name} is no input but of causality {causality}", "connect an input")
        case "source" if causality is Causality.INPUT:
            yield Problem(f"{name} is an input, so that nothing comes out of it", "use an output")
        case "parameter" if mention.value is not None:
            yield from check_settable(variable, kind=_kind(mention.value, variable))
            yield from check_value(model, variable, mention.value, None)


def _kind(value: Value, variable: Variable) -> str:
    """Return the type of a value in a file that does not tell 2 from 2.0."""
    match value:
        case bool():
            return "boolean"
        case str():
            return "text"
        case _:
            is_whole = float(value).is_integer() and variable.type is not ValueType.NUMBER
            return "integer" if is_whole else "number"


def nearest_variable(context: Context, model: ModelDescription, name: str) -> str | None:
    """Return the variable that was probably meant; models may have a hundred thousand.

    After some twenty times there is no hint any more, which keeps the time bounded.
    """
    if context.hints_left <= 0:
        return None
    context.hints_left -= 1
    close = (one for one in model.variables if abs(len(one) - len(name)) <= _MOST_TYPOS)
    return nearest_key(name, itertools.islice(close, _MOST_COMPARED))


_MOST_TYPOS = 3
_MOST_COMPARED = 1000
_MOST_LISTED = 10


def listed(model: ModelDescription, nearest: str | None) -> str:
    """Return the remedy for a variable that a model does not have."""
    names = list(model.variables)
    if nearest is not None or not names:
        return ""
    rest = " …" if len(names) > _MOST_LISTED else ""
    return f"it has {', '.join(names[:_MOST_LISTED])}{rest}"
