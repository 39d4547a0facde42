"""Phases of a twin's lifecycle, and the processes that they are made of."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twinhub_dtconfig.models.block import Block, Name, Prose
from twinhub_dtconfig.models.environment import Paths, Variables
from twinhub_dtconfig.models.text import Command, Script
from twinhub_dtconfig.values import Duration, RelativePath

MEANINGS = {
    "create": "Prepares the twin: fetches, installs, sets up.",
    "execute": "Runs the twin.",
    "save": "Keeps the state or the results of a run.",
    "analyse": "Evaluates results.",
    "evolve": "Changes the twin, to follow the thing that it is a twin of.",
    "terminate": "Ends what the twin still runs.",
    "clean": "Removes what the twin has made.",
}
"""What the phases are for that every part of TwinHub knows."""

STANDARD_PHASES = tuple(MEANINGS)

Signal = Literal["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"]
PortNumber = Annotated[int, Field(ge=1, le=65535)]


class Ready(Block):
    """How one sees that a process is ready for those that come after it."""

    ONE_OF: ClassVar[tuple[str, ...]] = ("port", "log", "file", "http", "command")

    port: PortNumber | Name | None = Field(
        None,
        description="It accepts connections at this port: a number or a name of `ports`.",
        examples=["broker"],
    )
    log: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        None,
        description="It has printed a line with this text or regular expression.",
        examples=["simulation started"],
    )
    file: RelativePath | None = Field(
        None, description="This file exists.", examples=["output/started"]
    )
    http: (
        Annotated[str, Field(max_length=500, pattern=r"^([0-9]+|[A-Za-z][A-Za-z0-9_-]*)/.*$")]
        | None
    ) = Field(
        None,
        description="It answers with a status below 400 at this port and path.",
        examples=["api/health"],
    )
    command: Command | None = Field(
        None, description="This command ends with status 0.", examples=["./check"]
    )
    within: Duration = Field(
        60.0, description="How long that may take; then the run fails.", examples=["30s"]
    )


class Stop(Block):
    """How a process is ended."""

    SHORT: ClassVar[str | None] = "signal"
    AT_MOST_ONE_OF: ClassVar[tuple[str, ...]] = ("signal", "command")

    signal: Signal | None = Field(
        None, description="The signal that it is sent; without one, SIGTERM.", examples=["SIGINT"]
    )
    command: Command | None = Field(
        None, description="A command that ends it.", examples=["./stop"]
    )
    grace: Duration = Field(
        10.0, description="How long it has until it is killed.", examples=["10s"]
    )


class Process(Block):
    """One program of a phase."""

    SHORT: ClassVar[str | None] = "command"
    ONE_OF: ClassVar[tuple[str, ...]] = ("command", "script")

    command: Command | None = Field(
        None,
        description="A program and its arguments; no shell reads them.",
        examples=["python3 simulate.py"],
    )
    script: Script | None = Field(
        None,
        description="Lines for the interpreter of their `#!` line, else for `sh -eu`; values come"
        " by `variables`.",
        examples=["python3 simulate.py | tee log.txt\n"],
    )
    folder: RelativePath | None = Field(
        None,
        description="The folder that it runs in; without one, the phase's.",
        examples=["simulation"],
    )
    variables: Variables = Field(
        {}, description="Environment variables.", examples=[{"POWER": "${parameters.power_limit}"}]
    )
    after: tuple[Name, ...] = Field(
        (),
        description="Processes that are ready, not ended, before it starts. Steps one after another"
        " are a `script`.",
        examples=[["broker"]],
    )
    ready: Ready | None = Field(
        None, description="How one sees that it is ready; without it, it is when it has started."
    )
    restart: Literal["never", "on-failure", "always"] = Field(
        "never", description="When it is started again.", examples=["on-failure"]
    )
    essential: bool = Field(
        default=True,
        description="Whether the run ends when it ends, even well; else that is only shown.",
    )
    stop: Stop = Field(Stop(), description="How it is ended.")


class Phase(Block):
    """One phase: one command or script, or several processes."""

    SHORT: ClassVar[str | None] = "command"
    ONE_OF: ClassVar[tuple[str, ...]] = ("command", "script", "processes")

    command: Command | None = Field(
        None,
        description="A program and its arguments; no shell reads them.",
        examples=["./lifecycle/execute"],
    )
    script: Script | None = Field(
        None,
        description="Lines for the interpreter of their `#!` line, else for `sh -eu`; values come"
        " by `variables`.",
        examples=["python3 simulate.py | tee log.txt\n"],
    )
    processes: Annotated[dict[Name, Process], Field(min_length=1, max_length=100)] | None = Field(
        None,
        description="Several programs that run together.",
        examples=[{"simulator": "python3 simulate.py"}],
    )
    description: Prose | None = Field(
        None, description="What it does.", examples=["Runs the co-simulation."]
    )
    live: bool = Field(
        default=False,
        description="Whether it goes on until somebody stops it, without a time limit.",
    )
    folder: RelativePath = Field(
        ".", description="The folder that it runs in.", examples=["simulation"]
    )
    variables: Variables = Field(
        {},
        description="Environment variables of all its processes.",
        examples=[{"POWER": "${parameters.power_limit}"}],
    )
    time_limit: Duration | None = Field(
        None,
        description="How long it may take; without one, what the site allows, and for a live phase"
        " no limit.",
        examples=["2h"],
    )
    retries: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="How often it is tried again after a failure.", examples=[1]
    )
    inputs: Paths = Field(
        (), description="Files of earlier phases that it needs.", examples=[["output/result.csv"]]
    )
    outputs: Paths = Field(
        (), description="Files that are kept as the run's results.", examples=[["output/*.csv"]]
    )
    stop: Stop = Field(Stop(), description="How its one command or script is ended.")
