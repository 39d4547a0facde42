"""What a model description says about a model: variables, units and abilities."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twinhub_dtconfig.faults import Position


class FmuError(Exception):
    """A model that cannot be read; holds what is wrong and the remedy, both for people."""

    def __init__(self, what: str, remedy: str = "") -> None:
        """Hold what is wrong and what to do."""
        super().__init__(f"{what}; {remedy}" if remedy else what)
        self.what = what
        self.remedy = remedy


class FmuKind(StrEnum):
    """How a model can be run, by the name of its element."""

    CO_SIMULATION = "CoSimulation"
    MODEL_EXCHANGE = "ModelExchange"
    SCHEDULED_EXECUTION = "ScheduledExecution"


class Causality(StrEnum):
    """What a variable is to whoever runs the model."""

    PARAMETER = "parameter"
    CALCULATED_PARAMETER = "calculatedParameter"
    STRUCTURAL_PARAMETER = "structuralParameter"
    INPUT = "input"
    OUTPUT = "output"
    LOCAL = "local"
    INDEPENDENT = "independent"


class Variability(StrEnum):
    """When a variable may change."""

    CONSTANT = "constant"
    FIXED = "fixed"
    TUNABLE = "tunable"
    DISCRETE = "discrete"
    CONTINUOUS = "continuous"


class ValueType(StrEnum):
    """What values a variable takes; the first four are types of a twin's parameters too."""

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TEXT = "text"
    ENUMERATION = "enumeration"
    BINARY = "binary"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class BaseUnit:
    """A unit as powers of SI units: value in SI = factor * value + offset."""

    exponents: Mapping[str, int]
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable; ``unit``, bounds and ``quantity`` may come from its declared type.

    ``start`` is as written in the file; ``declared`` is the type's own name, such as ``Float64``.
    """

    name: str
    type: ValueType
    declared: str
    causality: Causality
    variability: Variability
    initial: str | None
    position: Position
    unit: str | None = None
    display_unit: str | None = None
    quantity: str | None = None
    start: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    description: str = ""
    items: Mapping[str, int] = field(default_factory=dict)
    dimensions: int = 0

    @property
    def is_parameter(self) -> bool:
        """Whether it is set before the model starts."""
        return self.causality in {Causality.PARAMETER, Causality.STRUCTURAL_PARAMETER}

    @property
    def is_settable(self) -> bool:
        """Whether a value may be given from outside: parameters, inputs, and start values."""
        if self.variability is Variability.CONSTANT:
            return False
        has_start = self.causality is Causality.LOCAL and self.initial in {"exact", "approx"}
        return self.is_parameter or self.causality is Causality.INPUT or has_start


@dataclass(frozen=True, slots=True)
class Experiment:
    """The times that whoever made the model proposes, in seconds."""

    start: float | None = None
    stop: float | None = None
    step: float | None = None


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """One model. ``file`` names what was read.

    ``platforms`` are those that the model has a program for, as FMI names them; they are empty, and
    ``has_sources`` is false, for a bare description.
    """

    file: str
    fmi_version: str
    name: str
    token: str
    description: str
    kinds: Mapping[FmuKind, str]
    variables: Mapping[str, Variable]
    units: Mapping[str, BaseUnit | None]
    can_save_state: bool
    can_serialize_state: bool
    experiment: Experiment = field(default_factory=Experiment)
    platforms: tuple[str, ...] = ()
    has_sources: bool = False
