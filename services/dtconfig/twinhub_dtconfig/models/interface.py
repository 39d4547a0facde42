"""What a running twin shows, what it can be told, and where it is reached."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twinhub_dtconfig.models.block import Block, Name, Prose
from twinhub_dtconfig.models.parameters import Kind, Quantity, Unit
from twinhub_dtconfig.models.phases import PortNumber
from twinhub_dtconfig.models.text import EffectCommand, EffectText, Text
from twinhub_dtconfig.values import RelativePath

Place = Annotated[str, Field(min_length=1, max_length=500)]


class SignalSource(Block):
    """Where a signal comes from."""

    ONE_OF: ClassVar[tuple[str, ...]] = ("variable", "topic", "csv", "metric")

    variable: Place | None = Field(
        None, description="A variable of a co-simulation.", examples=["tank.T_water"]
    )
    cosimulation: Name | None = Field(
        None, description="The co-simulation, where there are several.", examples=["base"]
    )
    topic: Annotated[str, Field(min_length=1, max_length=1024)] | None = Field(
        None, description="A topic of a message broker.", examples=["tank/temperature"]
    )
    service: Name | None = Field(
        None, description="The service that has the topic.", examples=["mqtt"]
    )
    field: Place | None = Field(
        None, description="The part of a JSON message, else the whole.", examples=["value"]
    )
    csv: RelativePath | None = Field(
        None, description="A table that a run writes.", examples=["output/result.csv"]
    )
    column: Place | None = Field(
        None, description="The column of the table.", examples=["tank.T_water"]
    )
    metric: Place | None = Field(
        None, description="A `name=value` line that a process prints.", examples=["temperature"]
    )


class Signal(Block):
    """Something that a running twin shows."""

    type: Kind = Field("number", description="What its values are.", examples=["number"])
    unit: Unit | None = Field(None, description="Their unit.", examples=["K"])
    description: Prose | None = Field(
        None, description="What it means.", examples=["Temperature of the water"]
    )
    source: SignalSource = Field(
        description="Where it comes from.", examples=[{"variable": "tank.T_water"}]
    )


class Message(Block):
    """A message to a broker."""

    service: Name = Field(description="The service that takes it.", examples=["mqtt"])
    topic: Annotated[EffectText, Field(min_length=1)] = Field(
        description="Its topic or routing key.", examples=["tank/valve"]
    )
    body: EffectText = Field("", description="What it says.", examples=["${arguments.position}"])


class Request(Block):
    """An HTTP request to one of the twin's own ports."""

    port: Name = Field(description="The name of the port.", examples=["api"])
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(
        "POST", description="Its method.", examples=["PUT"]
    )
    path: Annotated[EffectText, Field(min_length=1)] = Field(
        "/", description="Its path.", examples=["/valve"]
    )
    body: EffectText = Field("", description="What it says.", examples=["${arguments.position}"])


class Effect(Block):
    """What a command does."""

    ONE_OF: ClassVar[tuple[str, ...]] = ("command", "message", "http")

    command: EffectCommand | None = Field(
        None,
        description="A command that is run inside the run.",
        examples=["./valve ${arguments.position}"],
    )
    message: Message | None = Field(None, description="A message that is sent.")
    http: Request | None = Field(None, description="A request that is made.")


class TwinCommand(Block):
    """Something that a running twin can be told."""

    description: Prose | None = Field(
        None, description="What it does.", examples=["Opens the valve"]
    )
    arguments: dict[Name, Quantity] = Field({}, description="What it is told with.")
    effect: Effect = Field(
        description="What it does then.", examples=[{"command": "./valve ${arguments.position}"}]
    )


class Port(Block):
    """Where a running twin listens."""

    SHORT: ClassVar[str | None] = "port"

    port: PortNumber = Field(description="Its number.", examples=[8080])
    protocol: Literal["http", "ws", "sse", "tcp", "udp"] = Field(
        "http", description="What is spoken there.", examples=["http"]
    )
    access: Literal["internal", "lab", "public"] = Field(
        "lab",
        description="Who reaches it: `internal`, the run's own processes; `lab`, also the workspace"
        " of whoever runs it; `public`, also those who are offered access.",
        examples=["public"],
    )
    health: Annotated[Text, Field(max_length=500)] | None = Field(
        None, description="The path that answers while all is well.", examples=["/health"]
    )
    openapi: RelativePath | None = Field(
        None, description="The file that describes it.", examples=["api/openapi.yaml"]
    )
    display: bool = Field(
        default=False, description="Whether it is a window of a program, shown as a desktop."
    )
    offer: Literal["owner", "team", "users", "anyone"] = Field(
        "users",
        description="Who may be offered access to it at most, if it is public.",
        examples=["anyone"],
    )
    description: Prose | None = Field(
        None, description="What is found there.", examples=["The dashboard"]
    )
