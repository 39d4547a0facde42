"""What the reference of ``twin.yaml`` and its models show as good is good."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_dtconfig.documents import dump_document, parse_document
from twinhub_dtconfig.explanations import inline
from twinhub_dtconfig.fields import keys_of, sections_below
from twinhub_dtconfig.loading import parse_twin
from twinhub_dtconfig.models.twin import Twin
from twinhub_dtconfig.reference import render_reference

if TYPE_CHECKING:
    from twinhub_dtconfig.sections import Section

REFERENCE = render_reference()
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```$", REFERENCE, re.MULTILINE | re.DOTALL)
PHASES = "phases: {execute: ./run}\n"
SECTIONS: list[type[Section]] = [Twin, *sections_below(Twin)]

BASE: dict[str, Any] = {
    "format": 1,
    "name": "tank",
    "uses": {"profile": "data/profile.csv", "cooler": {"twin": "digital_twins/cooler"}},
    "parameters": {"power_limit": 12000},
    "secrets": {"lake_key": "Key", "broker_password": "Password"},
    "phases": {
        "execute": {"processes": {"broker": "./broker", "x": {"command": "./x"}}},
        "analyse": "./analyse",
    },
    "build": {"model": {"command": "make", "inputs": ["a"], "outputs": ["b"]}},
    "cosimulations": {"base": {"format": "fmpy", "file": "a.fmu"}},
    "services": {"mqtt": {"managed": {}}},
    "ports": {"broker": 1883, "api": 8080},
    "scenarios": {"cold": {}},
    "instances": {"north": {}},
}
"""What examples lead to."""

AROUND: dict[str, Any] = {
    "commands.x": {"arguments": {"position": {}}},
    "commands.y": {"effect": {"command": "./y"}},
    "services.plant": {"kind": "mqtt"},
}
"""What is beside the sections that a section is in."""

PLACES: dict[str, tuple[str, dict[str, Any]]] = {
    "BuildStep": ("build.x", {"command": "make", "inputs": ["a"], "outputs": ["b"]}),
    "Composite": ("composites.x", {"parts": ["cooler"]}),
    "Cosimulation": ("cosimulations.x", {"format": "maestro", "file": "a.json"}),
    "Device": ("physical.devices.x", {}),
    "Effect": ("commands.x.effect", {}),
    "Environment": ("environment", {}),
    "External": ("services.plant.external", {"url": "mqtts://broker.example.org"}),
    "File": ("files.0", {"text": "a", "to": "b"}),
    "Fleet": ("fleets.x", {"instances": ["north"]}),
    "Instance": ("instances.x", {}),
    "Managed": ("services.mqtt.managed", {}),
    "Message": ("commands.x.effect.message", {"service": "mqtt", "topic": "a"}),
    "Parameter": ("parameters.x", {}),
    "Phase": ("phases.create", {"command": "./create"}),
    "Physical": ("physical", {}),
    "Port": ("ports.x", {"port": 8081}),
    "Process": ("phases.execute.processes.x", {"command": "./x"}),
    "Quantity": ("commands.y.arguments.x", {}),
    "Range": ("sweeps.x.parameters.power_limit", {"from": 0, "to": 10, "steps": 2}),
    "Ready": ("phases.execute.processes.x.ready", {"log": "started"}),
    "Request": ("commands.x.effect.http", {"port": "api"}),
    "Resources": ("resources", {}),
    "Scenario": ("scenarios.x", {}),
    "Schedule": ("schedules.x", {"every": "1d"}),
    "Secret": ("secrets.x", {}),
    "Service": ("services.x", {"kind": "mqtt", "managed": {}}),
    "Signal": ("signals.x", {"source": {"metric": "a"}}),
    "SignalSource": ("signals.x.source", {"metric": "a"}),
    "State": ("state", {}),
    "Stop": ("phases.execute.processes.x.stop", {}),
    "Sweep": ("sweeps.x", {"parameters": {"power_limit": [1]}}),
    "Twin": ("", {}),
    "TwinCommand": ("commands.x", {"effect": {"command": "./a"}}),
    "Use": ("uses.x", {"s3": "s3://bucket/key"}),
}
"""Where each section is, and what it needs besides the key that is tried."""

FURTHER: dict[str, dict[str, Any]] = {
    "Use.file": {"doi": "10.5281/zenodo.1234"},
    "Parameter.choices": {"type": "text"},
    "Quantity.choices": {"type": "text"},
    "SignalSource.cosimulation": {"variable": "a"},
    "SignalSource.service": {"topic": "a"},
    "SignalSource.field": {"topic": "a"},
    "SignalSource.column": {"csv": "a.csv"},
    "SignalSource.csv": {"column": "a"},
    "Physical.data": {"source": "replay"},
    "Physical.source": {"data": "profile"},
    "Port.offer": {"access": "public"},
    "TwinCommand.effect": {"arguments": {"position": {}}},
}
"""What a key needs beside it."""

KINDS = {
    "buckets": "influxdb", "dashboards": "grafana", "queues": "rabbitmq", "exchanges": "rabbitmq",
    "topics": "mqtt", "collections": "mongodb",
}  # fmt: skip


def examples() -> list[Any]:
    """Return each example of the models with its section and key."""
    return [
        pytest.param(section, key, example, id=f"{section.__name__}.{key}-{at}")
        for section in SECTIONS
        for key, field in keys_of(section).items()
        for at, example in enumerate(field.examples or ())
    ]


def put(data: Any, path: list[str], value: Any) -> Any:  # noqa: ANN401  # any YAML
    """Return data with a value at a path."""
    if not path:
        return {**data, **value} if data and "format" in data else value
    key, *rest = path
    if key == "0":
        return [put({}, rest, value)]
    return {**(data or {}), key: put((data or {}).get(key), rest, value)}


def whole(section: type[Section], key: str, example: Any) -> Any:  # noqa: ANN401  # any YAML
    """Return a twin in which one key of one section has its example."""
    name = section.__name__
    path, beside = PLACES[name]
    if name == "Managed":
        path = f"services.{KINDS[key]}.managed"
    further = FURTHER.get(f"{name}.{key}", {})
    exclusive = {*section.ONE_OF, *section.AT_MOST_ONE_OF}
    if exclusive & {key, *further}:
        beside = {one: value for one, value in beside.items() if one not in exclusive}
    base: Any = BASE
    for outer, around in AROUND.items():
        if path.startswith(f"{outer}."):
            base = put(base, outer.split("."), around)
    return put(base, path.split(".") if path else [], {**beside, **further, key: example})


@pytest.mark.parametrize(("section", "key", "example"), examples())
def test_an_example_of_the_models_is_accepted(
    section: type[Section],
    key: str,
    example: Any,  # noqa: ANN401  # any YAML
) -> None:
    parse_twin(dump_document(whole(section, key, example)).encode())


@pytest.mark.parametrize(("section", "key", "example"), examples())
def test_an_example_in_one_line_reads_as_itself(
    section: type[Section],
    key: str,
    example: Any,  # noqa: ANN401  # any YAML
) -> None:
    text = f"{key}: {inline(example)}\n"
    assert parse_document(text.encode(), section.__name__).data == {key: example}


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_twin_of_the_reference_loads_without_a_doubt(snippet: str) -> None:
    head = "" if re.search(r"^format:", snippet, re.MULTILINE) else "format: 1\nname: tank\n"
    phases = "" if re.search(r"^phases:", snippet, re.MULTILINE) else PHASES
    assert parse_twin((head + phases + snippet).encode()).warnings == ()


def test_the_reference_names_every_key() -> None:
    for section in SECTIONS:
        for key in keys_of(section):
            assert f"| `{key}` | " in REFERENCE


def test_the_reference_marks_what_is_not_yet_run() -> None:
    top = REFERENCE.partition("### Top level")[2].partition("###")[0]
    rows = {line.split("`")[1]: line for line in top.splitlines() if line.startswith("| `")}
    for key in ("sweeps", "schedules", "class", "instances", "composites", "fleets"):
        assert "Not yet run." in rows[key]


def test_the_reference_tells_editors_of_the_schema() -> None:
    assert "# yaml-language-server: $schema=" in REFERENCE
