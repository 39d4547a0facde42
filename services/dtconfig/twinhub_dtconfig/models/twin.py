"""The whole file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twinhub_dtconfig.models.assets import Use
from twinhub_dtconfig.models.block import Block, Line, Name, Prose, TwinName
from twinhub_dtconfig.models.connections import Cosimulation, Physical, Service
from twinhub_dtconfig.models.environment import BuildStep, Environment, File, Resources, Variables
from twinhub_dtconfig.models.interface import Port, Signal, TwinCommand
from twinhub_dtconfig.models.parameters import Parameter, Secret
from twinhub_dtconfig.models.phases import Phase
from twinhub_dtconfig.models.plans import (
    Composite,
    Fleet,
    Instance,
    Scenario,
    Schedule,
    State,
    Sweep,
    TwinClass,
)

FORMAT = 1
"""The version of the language that this package reads."""

RESERVED = ("sweeps", "schedules", "class", "instances", "composites", "fleets")
"""Keys that are read and resolved, and not yet run."""

_NUMBER = r"(0|[1-9][0-9]{0,8})"
SEMVER = rf"^{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-[0-9A-Za-z.-]{{1,60}})?(\+[0-9A-Za-z.-]{{1,60}})?$"
"""What a version looks like: three numbers, then what marks a pre-release or a build."""


class Twin(Block):
    """A digital twin: what it is made of, how it is configured, built, run, fed and offered."""

    format: Literal[1] = Field(
        description="The version of the language; `twin migrate` brings older files up to date.",
        examples=[1],
    )
    name: TwinName = Field(
        description="Its name: small letters, digits and '-'. It is part of addresses.",
        examples=["heated-tank"],
    )
    title: Line | None = Field(
        None, description="What people call it; without one, the name.", examples=["Heated tank"]
    )
    summary: Prose | None = Field(
        None,
        description="A paragraph on what it is for.",
        examples=["Keeps water at a temperature."],
    )
    version: Annotated[str, Field(pattern=SEMVER)] | None = Field(
        None, description="Its own version.", examples=["1.0.0"]
    )
    owner: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="The user or group that answers for it.", examples=["ada"]
    )
    licence: Line | None = Field(
        None, description="Its licence, as SPDX names it.", examples=["BSD-3-Clause"]
    )
    keywords: Annotated[tuple[Line, ...], Field(max_length=50)] = Field(
        (), description="Words that it is found by.", examples=[["tank", "control"]]
    )
    links: dict[Name, Annotated[str, Field(max_length=2048, pattern=r"^https?://[^\s]+$")]] = Field(
        {}, description="Where more is found.", examples=[{"documentation": "https://example.org"}]
    )
    uses: Annotated[dict[Name, Use], Field(max_length=1000)] = Field(
        {}, description="What it is made of, by the name that it calls each."
    )
    parameters: Annotated[dict[Name, Parameter], Field(max_length=10_000)] = Field(
        {}, description="Values that whoever runs it may choose."
    )
    secrets: dict[Name, Secret] = Field(
        {}, description="Values that whoever runs it supplies, and that nobody else sees."
    )
    files: Annotated[tuple[File, ...], Field(max_length=1000)] = Field(
        (), description="Files that are made before each phase."
    )
    environment: Environment = Field(Environment(), description="The software that it needs.")
    build: dict[Name, BuildStep] = Field(
        {}, description="Steps that make files of files, run again only when an input has changed."
    )
    resources: Resources = Field(Resources(), description="How much it may use.")
    variables: Variables = Field(
        {},
        description="Environment variables of every process.",
        examples=[{"OMP_NUM_THREADS": "2"}],
    )
    phases: Annotated[dict[Name, Phase], Field(min_length=1, max_length=100)] = Field(
        description="What can be done with it: `create`, `execute`, `save`, `analyse`, `evolve`,"
        " `terminate`, `clean`, and further ones. What is absent is not supported.",
        examples=[{"execute": "python3 simulate.py"}],
    )
    cosimulations: dict[Name, Cosimulation] = Field(
        {}, description="Models that are computed together."
    )
    signals: Annotated[dict[Name, Signal], Field(max_length=10_000)] = Field(
        {}, description="What it shows while it runs."
    )
    commands: dict[Name, TwinCommand] = Field({}, description="What it can be told while it runs.")
    physical: Physical | None = Field(None, description="The thing that it is a twin of.")
    services: dict[Name, Service] = Field(
        {},
        description="Platform services that it reads or writes: `influxdb`, `grafana`, `rabbitmq`,"
        " `mqtt`, `mongodb`, or others of these kinds under names of their own.",
    )
    ports: dict[Name, Port] = Field({}, description="Where it listens.")
    state: State = Field(State(), description="What a run needs to go on later.")
    scenarios: dict[Name, Scenario] = Field({}, description="Values for a run, by name.")
    sweeps: dict[Name, Sweep] = Field({}, description="Runs over combinations. Not yet run.")
    schedules: dict[Name, Schedule] = Field({}, description="Runs at times. Not yet run.")
    class_: TwinClass | None = Field(
        None,
        alias="class",
        description="The twin that this is an instance of. Not yet run.",
        examples=["common/digital_twins/tank@1"],
    )
    instances: dict[Name, Instance] = Field({}, description="Twins of this kind. Not yet run.")
    composites: dict[Name, Composite] = Field(
        {}, description="Twins that work together. Not yet run."
    )
    fleets: dict[Name, Fleet] = Field({}, description="Instances run together. Not yet run.")
