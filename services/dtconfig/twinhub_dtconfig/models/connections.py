"""What a twin stands in connection with: models, things in the world, platform services."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twinhub_dtconfig.models.block import Block, Name, Number, Prose
from twinhub_dtconfig.models.text import Text
from twinhub_dtconfig.values import RefusalError, RelativePath

ServiceKind = Literal["influxdb", "grafana", "rabbitmq", "mqtt", "mongodb"]
SERVICE_KINDS: tuple[ServiceKind, ...] = ("influxdb", "grafana", "rabbitmq", "mqtt", "mongodb")

Variable = Annotated[str, Field(min_length=1, max_length=500)]
Entry = Annotated[str, Field(min_length=1, max_length=500)]
Entries = Annotated[tuple[Entry, ...], Field(max_length=1000)]


class Cosimulation(Block):
    """Models that are computed together; the files of the format are the truth."""

    format: Literal["maestro", "ssp", "fmpy"] = Field(
        description="Which format its files have.", examples=["maestro"]
    )
    file: Annotated[Text, Field(min_length=1)] = Field(
        description="The multi-model of Maestro (JSON), the system of SSP (`.ssd`, `.ssp`), or"
        " the one FMU for FMPy.",
        examples=["cosim/multi-model.json"],
    )
    configuration: RelativePath | None = Field(
        None, description="How Maestro simulates it (JSON).", examples=["cosim/simulation.json"]
    )
    bind: dict[Name, Variable | Annotated[tuple[Variable, ...], Field(min_length=1)]] = Field(
        {},
        description="Which variables of models take the value of a parameter.",
        examples=[{"power_limit": "controller.P_max"}],
    )


class Device(Block):
    """One thing in the world that the twin stands for or drives."""

    SHORT: ClassVar[str | None] = "description"

    description: Prose | None = Field(None, description="What it is.", examples=["The arm"])
    exclusive: bool = Field(default=True, description="Whether one run at a time may drive it.")


class Physical(Block):
    """The physical side of the twin."""

    source: Literal["live", "replay", "mock"] = Field(
        "live",
        description="Where its data comes from: `live`, the thing itself; `replay`, a recording;"
        " `mock`, a program in its place.",
        examples=["replay"],
    )
    data: Name | None = Field(
        None, description="The recording, as `uses` calls it.", examples=["profile"]
    )
    clock: Literal["real", "simulated"] = Field(
        "real", description="Which time the twin lives in.", examples=["simulated"]
    )
    speed: Annotated[Number, Field(gt=0, le=1_000_000)] = Field(
        1.0, description="How many seconds pass for it in one of ours.", examples=[10]
    )
    devices: dict[Name, Device] = Field({}, description="What it stands for or drives.")

    @model_validator(mode="after")
    def _check_recording(self) -> Self:
        if self.source == "replay" and self.data is None:
            raise RefusalError("a replay has no recording", "add `data:` with an alias of `uses`")
        if self.source != "replay" and self.data is not None:
            raise RefusalError(f"{self.source} data is not replayed", "remove it", "data")
        return self


class Managed(Block):
    """What TwinHub keeps for the twin in the account of whoever runs it."""

    buckets: Entries = Field((), description="Of InfluxDB.", examples=[["measurements"]])
    dashboards: tuple[RelativePath, ...] = Field(
        (), description="Of Grafana: JSON files.", examples=[["dashboards/tank.json"]]
    )
    queues: Entries = Field((), description="Of RabbitMQ.", examples=[["measurements"]])
    exchanges: Entries = Field((), description="Of RabbitMQ.", examples=[["events"]])
    topics: Entries = Field((), description="Of MQTT.", examples=[["tank/#"]])
    collections: Entries = Field((), description="Of MongoDB.", examples=[["runs"]])


BELONGS: dict[str, ServiceKind] = {
    "buckets": "influxdb",
    "dashboards": "grafana",
    "queues": "rabbitmq",
    "exchanges": "rabbitmq",
    "topics": "mqtt",
    "collections": "mongodb",
}
"""Which kind of service has what."""


class External(Block):
    """A service that somebody else runs."""

    url: Annotated[
        str, Field(max_length=2048, pattern=r"^[a-z][a-z0-9+.-]*://[^\s/?#]+[^\s]*$")
    ] = Field(description="Its address.", examples=["mqtts://broker.example.org:8883"])
    username: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="The account.", examples=["tank"]
    )
    secret: Name | None = Field(
        None, description="The secret that is its password or token.", examples=["broker_password"]
    )


class Service(Block):
    """A platform service that the twin reads or writes."""

    ONE_OF: ClassVar[tuple[str, ...]] = ("managed", "external")

    kind: ServiceKind | None = Field(
        None, description="What it is, where its name does not say so.", examples=["mqtt"]
    )
    managed: Managed | None = Field(
        None, description="Kept by TwinHub in the account of whoever runs the twin."
    )
    external: External | None = Field(None, description="Run by somebody else.")
