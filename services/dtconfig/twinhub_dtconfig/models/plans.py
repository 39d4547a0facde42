"""Scenarios, state, and what is reserved: plans that are read and resolved, and not yet run."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from twinhub_dtconfig.models.assets import TwinReference
from twinhub_dtconfig.models.block import Block, Line, Name, Number, Prose
from twinhub_dtconfig.models.environment import Paths
from twinhub_dtconfig.models.parameters import Value
from twinhub_dtconfig.models.text import Command
from twinhub_dtconfig.values import Duration

Values = Annotated[dict[Name, Value], Field(max_length=1000)]
_CRON = r"^(\S+\s+){4}\S+$"


class State(Block):
    """What a run needs to go on later."""

    keep: Paths = Field((), description="Files that are kept.", examples=[["state/**"]])
    checkpoint: Command | None = Field(
        None, description="A command that writes the state.", examples=["./lifecycle/save"]
    )
    restore: Command | None = Field(
        None, description="A command that goes on from it.", examples=["./lifecycle/restore"]
    )
    fmu_state: bool = Field(
        default=False, description="Whether the state of the FMUs is kept, where they can give it."
    )


class Scenario(Block):
    """Values for a run, under one name."""

    title: Line | None = Field(None, description="What people call it.", examples=["Cold start"])
    description: Prose | None = Field(
        None, description="What it is for.", examples=["Begins with cold water"]
    )
    parameters: Values = Field(
        {}, description="Values of parameters.", examples=[{"power_limit": 8000}]
    )


class Range(Block):
    """Evenly spaced values."""

    start: Number = Field(alias="from", description="The first.", examples=[0])
    stop: Number = Field(alias="to", description="The last.", examples=[10])
    steps: Annotated[int, Field(ge=2, le=100_000)] = Field(
        description="How many values there are, both ends counted.", examples=[11]
    )


class Sweep(Block):
    """Runs over all combinations of values. Not yet run."""

    phase: Name = Field("execute", description="The phase that is run.", examples=["execute"])
    scenario: Name | None = Field(None, description="What it begins with.", examples=["cold"])
    parameters: Annotated[
        dict[Name, Annotated[tuple[Value, ...], Field(min_length=1, max_length=100_000)] | Range],
        Field(min_length=1, max_length=20),
    ] = Field(
        description="The values of each parameter: a list, or `from`, `to` and `steps`.",
        examples=[{"power_limit": [8000, 9000]}],
    )


class Schedule(Block):
    """Runs at times. Not yet run."""

    ONE_OF: ClassVar[tuple[str, ...]] = ("cron", "every")

    phase: Name = Field("execute", description="The phase that is run.", examples=["analyse"])
    scenario: Name | None = Field(None, description="The values that it takes.", examples=["cold"])
    cron: Annotated[str, Field(max_length=100, pattern=_CRON)] | None = Field(
        None, description="When: minute, hour, day, month, weekday.", examples=["0 3 * * *"]
    )
    every: Duration | None = Field(None, description="How often.", examples=["6h"])


class Instance(Block):
    """One of several twins of this kind. Not yet run."""

    title: Line | None = Field(None, description="What people call it.", examples=["Tank, north"])
    parameters: Values = Field(
        {}, description="Values of parameters.", examples=[{"power_limit": 9000}]
    )


class Composite(Block):
    """Twins that work together. Not yet run."""

    parts: Annotated[tuple[Name, ...], Field(min_length=1, max_length=100)] = Field(
        description="Twins among `uses`.", examples=[["cooler"]]
    )
    connections: dict[
        Annotated[str, Field(max_length=200)], Annotated[str, Field(max_length=200)]
    ] = Field(
        {},
        description="Which signal of a part is which parameter or command, as `part.name`; without"
        " a part, of this twin.",
        examples=[{"cooler.temperature": "power_limit"}],
    )


class Fleet(Block):
    """Instances that are run together. Not yet run."""

    instances: Annotated[tuple[Name, ...], Field(min_length=1, max_length=10_000)] = Field(
        description="Which instances.", examples=[["north"]]
    )
    phase: Name = Field("execute", description="The phase that is run.", examples=["execute"])


TwinClass = TwinReference
