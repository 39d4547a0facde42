"""Co-simulations of an export: files with values of parameters and paths of models put in."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_dtconfig.cosimulation import Assignment, CosimulationError, read_cosimulation
from twinhub_dtconfig.export.names import templated, variable_of
from twinhub_dtconfig.files import FileRefusedError, read_file_inside
from twinhub_dtconfig.interpolation import Name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_dtconfig.cosimulation import System
    from twinhub_dtconfig.models.connections import Cosimulation
    from twinhub_dtconfig.models.parameters import Value
    from twinhub_dtconfig.models.twin import Twin
    from twinhub_dtconfig.nodes import Data

_LARGEST = 4 * 2**20
_MARK = 8_046_022_610_000
"""Numbers from here on stand for parameters while a system is written; no model has such values."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One co-simulation as it is before a phase; ``text`` is None where only its file knows it."""

    to: str
    kind: str
    file: str
    text: str | None
    bind: Mapping[str, tuple[str, ...]]
    fixed: tuple[str, ...] = ()
    """Parameters that keep the value that they have at the export."""


def bound_cosimulations(twin: Twin, folder: Path) -> dict[str, Bound]:
    """Return the co-simulations whose file is not taken as it is."""
    found = {name: _bound(twin, name, one, folder) for name, one in twin.cosimulations.items()}
    return {name: bound for name, bound in found.items() if bound is not None}


def plan_of(bound: Bound, template: str | None) -> dict[str, Data]:
    """Return the data of a bound co-simulation for the programs of an export."""
    return {
        "kind": bound.kind,
        "file": templated(bound.file),
        "template": template,
        "to": bound.to,
        "bind": {_variable(name): [*names] for name, names in bound.bind.items()},
    }


def _bound(twin: Twin, name: str, one: Cosimulation, folder: Path) -> Bound | None:
    text = None if one.format == "fmpy" or "${" in one.file else _text(folder, one.file)
    bind = {key: (v,) if isinstance(v, str) else v for key, v in one.bind.items()}
    if one.format == "fmpy":  # always arguments of `simulate_fmu`, as `write_bound` has it
        return Bound(f".twin/cosimulations/{name}.json", "fmpy", one.file, None, bind)
    if not bind and "${" not in (text or ""):
        return None
    system = None if text is None else _system(one, folder)
    if one.format == "maestro":
        full = {key: tuple(_full(v, system) for v in names) for key, names in bind.items()}
        made = None if text is None else templated(text, "uses")
        return Bound(_beside(one.file, name), "maestro", one.file, made, full)
    if system is None or text is None or not one.file.endswith(".ssd"):
        return None
    return _structure(twin, name, one, system)


def _structure(twin: Twin, name: str, one: Cosimulation, system: System) -> Bound:
    """Return a system structure in which numbers are replaced when a phase begins."""
    marks: dict[str, str] = {}
    assignments: list[Assignment] = []
    for at, (key, bound) in enumerate(one.bind.items()):
        value: Value = twin.parameters[key].default or 0
        if twin.parameters[key].kind in {"number", "integer"}:
            value = float(_MARK + at) if twin.parameters[key].kind == "number" else _MARK + at
            marks[str(value)] = key
        names = (bound,) if isinstance(bound, str) else bound
        assignments += [Assignment(_full(one_name, system), value) for one_name in names]
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "system.ssd"
        system.write(copy, assignments)
        text = copy.read_text(encoding="utf-8")
    text = templated(text, "uses")
    for mark, key in marks.items():
        text = text.replace(f'"{mark}"', f'"${{{_variable(key)}}}"')
    fixed = tuple(key for key in one.bind if key not in marks.values())
    return Bound(_beside(one.file, name), "text", one.file, text, {}, fixed)


def _system(one: Cosimulation, folder: Path) -> System | None:
    try:
        return read_cosimulation(one.format, folder / one.file)
    except CosimulationError:  # `twin validate` says what is wrong with it
        return None


def _full(name: str, system: System | None) -> str:
    """Return a variable as the format writes it."""
    found = system.find(name) if system is not None else None
    return name if found is None else found.name


def _beside(file: str, name: str) -> str:
    """Return where the bound file is: relative paths in it lead where they led before."""
    if "${" in file:
        return f".twin/cosimulations/{name}.json"
    folder, _, last = file.rpartition("/")
    return f"{folder}/.bound-{name}-{last}".lstrip("/")


def _text(folder: Path, path: str) -> str | None:
    try:
        return read_file_inside(folder, path, _LARGEST).content.decode("utf-8-sig")
    except (FileRefusedError, UnicodeDecodeError):
        return None


def _variable(parameter: str) -> str:
    return variable_of(Name("parameters", parameter))
