"""The flowchart shows how the parts of a twin stand together, and nothing in a name is syntax."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_dtconfig.graph import draw_twin, escape_label
from twinhub_dtconfig.loading import parse_twin

_WHOLE = b"""
format: 1
name: heated-tank
uses:
  tank: common/models/tank@1.2
  cooler: {twin: common/digital_twins/cooler, copy: true}
parameters: {power: 1}
build: {fmu: {command: make, inputs: [src], outputs: [a.fmu]}}
phases:
  create: ./lifecycle/create
  execute:
    processes:
      broker: {command: mosquitto, ready: {port: mq}}
      simulator: {command: "sim ${uses.tank} ${services.influxdb.url}", after: [broker]}
cosimulations: {base: {format: fmpy, file: "${uses.tank}/tank.fmu"}}
signals:
  temperature: {unit: K, source: {variable: tank.T}}
  level: {source: {topic: tank/level}}
commands: {open: {effect: {http: {port: api}}}}
physical: {devices: {arm: The arm}}
services: {influxdb: {managed: {}}, mqtt: {managed: {}}}
ports: {api: 8080, mq: 1883}
"""


def draw(text: bytes) -> str:
    """The flowchart of a twin.yaml."""
    return draw_twin(parse_twin(text).twin)


def arrows(chart: str) -> set[tuple[str, str]]:
    """The arrows of a chart, by the first words of the labels of their ends."""
    labels = dict(re.findall(r'^ +(n\d+)[\[({>]+"([^":]+)', chart, re.MULTILINE))
    found = re.findall(r"^ +(n\d+) -->(?:\|.*?\|)? (n\d+)$", chart, re.MULTILINE)
    return {(labels[start].split()[0], labels[end].split()[0]) for start, end in found}


def test_the_smallest_twin_is_a_chart_with_its_phase() -> None:
    chart = draw(b"format: 1\nname: a\nphases: {execute: x}\n")
    assert chart == (
        'flowchart LR\n  subgraph twin["a"]\n    subgraph g1["Phases"]\n'
        '      n1("execute")\n    end\n  end\n'
    )


def test_every_part_is_a_node() -> None:
    chart = draw(_WHOLE)
    for name in ("tank", "cooler", "create", "broker", "simulator", "base", "temperature", "level",
                 "open", "influxdb", "mqtt", "api", "mq", "fmu", "arm"):  # fmt: skip
        assert re.search(rf'"{name}\b', chart), name


def test_arrows_follow_what_is_put_in_what_waits_and_where_values_go() -> None:
    assert arrows(draw(_WHOLE)) == {
        ("tank", "base"), ("tank", "simulator"), ("influxdb", "simulator"),
        ("broker", "simulator"), ("broker", "mq"), ("base", "temperature"),
        ("mqtt", "level"), ("open", "api"),
    }  # fmt: skip


def test_what_comes_from_several_processes_comes_from_their_phase() -> None:
    chart = draw(
        b"format: 1\nname: a\nsignals: {t: {source: {metric: t}}}\n"
        b"services: {mqtt: {managed: {}}}\n"
        b"phases: {execute: {variables: {A: '${services.mqtt.url}'}, processes: {x: y, z: y}}}\n"
    )
    assert 'subgraph g2["Phase execute"]' in chart
    assert '  g2 -->|"t"| n4\n' in chart
    assert "  n1 --> g2\n" in chart


def test_equal_twins_have_equal_charts() -> None:
    assert draw(_WHOLE) == draw(b"# a comment\n" + _WHOLE)


@pytest.mark.parametrize(
    "text",
    ['a"]; click n1 call alert()', "<script>", "`md`", "a|b", "end", "a\n  n1 --> n2", "%%{"],
)
def test_a_label_cannot_leave_its_quotes(text: str) -> None:
    escaped = escape_label(text)
    assert not re.search(r'["<>`|\n{}\[\]%]', escaped)


@given(st.text())
def test_a_label_is_one_line_of_harmless_characters(text: str) -> None:
    escaped = escape_label(text)
    assert escaped.strip()
    assert len(escaped.splitlines()) == 1
    assert not set(escaped) & set('"<>`|{}[]&\\%@$')


def test_names_are_no_ids_so_that_a_word_of_mermaid_may_be_a_name() -> None:
    chart = draw(b"format: 1\nname: end\nphases: {end: x, subgraph: y}\n")
    assert '("end")' in chart
    assert len(re.findall(r"^ *end$", chart, re.MULTILINE)) == 2
