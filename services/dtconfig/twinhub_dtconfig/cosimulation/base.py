"""What every format of co-simulations offers: models, variables with places, values written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from twinhub_dtconfig.faults import START, Fault, Position

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from twinhub_dtconfig.fmu import Variable

Value = bool | int | float | str

Role = Literal["source", "target", "parameter", "shown"]
"""What a file says of a variable: a connection begins or ends there, it has a value, is logged."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One model in a co-simulation. ``source`` is where its FMU is, as the file writes it."""

    name: str
    source: str
    position: Position = START


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in the file that names a variable of an instance."""

    instance: str
    variable: str
    role: Role
    position: Position
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A variable that somebody named; ``name`` is how the format writes it."""

    instance: Instance
    variable: str
    name: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """A value for a variable; ``variable`` says of what type it is, where that is known."""

    name: str
    value: Value
    variable: Variable | None = None


class CosimulationError(Exception):
    """Files of a co-simulation that cannot be used, with every fault that was found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Sort the faults; the text of the error is one line for each."""
        self.faults: tuple[Fault, ...] = tuple(sorted(faults, key=lambda f: (f.line, f.column)))
        super().__init__("\n".join(map(str, self.faults)))


class System(Protocol):
    """A co-simulation as its file describes it; the file stays the truth."""

    @property
    def file(self) -> str:
        """The name of the file, as faults call it."""

    @property
    def instances(self) -> Mapping[str, Instance]:
        """The models by the name that variables begin with, in the order of the file."""

    @property
    def models(self) -> Mapping[str, Instance]:
        """What the file says where an FMU is, with or without an instance of it."""

    @property
    def mentions(self) -> Sequence[Mention]:
        """Every place that names a variable."""

    def find(self, name: str) -> Found | None:
        """Return the model and its variable that a name stands for, or None; no FMU is read."""

    @property
    def suffix(self) -> str:
        """What the name of a written copy ends with."""

    def write(self, target: Path, assignments: Sequence[Assignment]) -> None:
        """Write a copy in which variables have the given values; all else stays as it is.

        Raises:
            CosimulationError: the values cannot be written without a loss.
            OSError: the copy cannot be written.
        """


def find_dotted(name: str, instances: Mapping[str, Instance]) -> Found | None:
    """Return what a dotted name stands for, or None.

    Names of instances and variables may hold dots: the longest instance counts.
    """
    fitting = (one for one in instances if one and name.startswith(f"{one}."))
    instance = max(fitting, key=len, default=None)
    if instance is None or len(name) == len(instance) + 1:
        return None
    return Found(instances[instance], name[len(instance) + 1 :], name)


def one_fault(file: str, position: Position, what: str, remedy: str = "") -> CosimulationError:
    """Return the error of one fault."""
    return CosimulationError([Fault(file, *position, what, remedy)])


def dump_json(data: object) -> str:
    """Return JSON as people read it, in the order of the data."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
