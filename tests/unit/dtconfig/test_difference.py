"""Twins are compared by what they mean, not by how they are written."""

from __future__ import annotations

from pathlib import Path

import pytest
from twinhub_dtconfig.difference import Change, compare_twins, written_out
from twinhub_dtconfig.documents import dump_document
from twinhub_dtconfig.loading import load_twin, parse_twin

_BASE = "format: 1\nname: tank\nphases: {execute: ./run}\n"


def compare(before: str, after: str) -> tuple[Change, ...]:
    """What differs between two texts, each added to the smallest twin."""
    return compare_twins(
        parse_twin((_BASE + before).encode()).twin, parse_twin((_BASE + after).encode()).twin
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "title: tank\n"),
        ("uses: {a: models/a}\n", "uses: {a: {asset: models/a, mount: true}}\n"),
        ("parameters: {a: 3}\n", "parameters: {a: {type: number, default: 3.0}}\n"),
        ("ports: {a: 80}\n", "ports: {a: {access: lab, port: 80}}\n"),
        ("keywords: [a, b]\n", "keywords: [b, a]\n"),
        ("services: {mqtt: {managed: {}}}\n", "services: {mqtt: {kind: mqtt, managed: {}}}\n"),
        ("resources: {memory: 1G}\n", "resources: {memory: 1024M}\n"),
        ("ports: {a: 80, b: 81}\n", "ports: {b: 81, a: 80}\n"),
        ("state: {checkpoint: save 'a b'}\n", "state: {checkpoint: [save, a b]}\n"),
    ],
)
def test_two_ways_to_write_one_thing_do_not_differ(before: str, after: str) -> None:
    assert compare(before, after) == ()


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("", "owner: ada\n", Change(("owner",), "added", after="ada")),
        ("owner: ada\n", "", Change(("owner",), "removed", before="ada")),
        (
            "ports: {a: 80}\n",
            "ports: {a: 81}\n",
            Change(("ports", "a", "port"), "changed", 80, 81),
        ),
        (
            "parameters: {a: {type: boolean, default: true, choices: [true]}}\n",
            "parameters: {a: {type: boolean, default: true, choices: [true, false]}}\n",
            Change(("parameters", "a", "choices"), "changed", [True], [True, False]),
        ),
        (
            "files: [{text: a, to: b}]\n",
            "files: [{text: c, to: b}]\n",
            Change(("files", 0, "text"), "changed", "a", "c"),
        ),
    ],
)
def test_what_differs_is_named_by_its_path(before: str, after: str, change: Change) -> None:
    assert compare(before, after) == (change,)


def test_a_number_is_no_truth_value() -> None:
    (kind, default) = compare("parameters: {a: 1}\n", "parameters: {a: true}\n")
    assert {kind.dotted, default.dotted} == {"parameters.a.type", "parameters.a.default"}


def test_the_order_of_a_commands_words_means_something() -> None:
    assert compare("state: {restore: [a, b]}\n", "state: {restore: [b, a]}\n")


def test_a_twin_written_out_is_the_same_twin() -> None:
    text = (
        "uses: {a: models/a}\nparameters: {a: 3, b: x}\nports: {p: 80}\nsecrets: {s: Key}\n"
        "services: {mqtt: {managed: {topics: [a]}}}\nresources: {memory: 1G}\n"
        "files: [{text: 'x ${secrets.s}', to: a}]\nclass: common/digital_twins/tank\n"
        "cosimulations: {c: {format: fmpy, file: a.fmu, bind: {a: x.y}}}\n"
        "commands: {o: {arguments: {v: {unit: K}}, effect: {command: './v ${arguments.v}'}}}\n"
        "schedules: {n: {every: 6h}}\nsweeps: {w: {parameters: {a: {from: 0, to: 1, steps: 3}}}}\n"
    )
    twin = parse_twin((_BASE + text).encode()).twin
    again = parse_twin(dump_document(written_out(twin)).encode()).twin
    assert compare_twins(twin, again) == ()


_EXAMPLES = sorted(
    (Path(__file__).parents[3] / "config" / "examples" / "twins").glob("*/twin.yaml")
)


@pytest.mark.parametrize("file", _EXAMPLES, ids=lambda file: file.parent.name)
def test_every_example_written_out_is_the_same_twin(file: Path) -> None:
    twin = load_twin(file).twin
    again = parse_twin(dump_document(written_out(twin)).encode()).twin
    assert compare_twins(twin, again) == ()
