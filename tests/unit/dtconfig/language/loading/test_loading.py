"""From a file to a twin: positions, short forms, warnings, all faults at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.loading import TwinError, load_twin, parse_twin, written

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_dtconfig.nodes import Key

SMALLEST = "format: 1\nname: tank\nphases: {execute: ./run}\n"


def test_the_smallest_file_has_every_default(tmp_path: Path) -> None:
    file = tmp_path / "twin.yaml"
    file.write_text(SMALLEST, encoding="utf-8")
    loaded = load_twin(file)
    assert loaded.twin.phases["execute"].command == "./run"
    assert loaded.twin.uses == {}
    assert loaded.warnings == ()
    assert loaded.document.file == str(file)


def test_a_file_that_is_not_there_is_a_fault_at_its_begin(tmp_path: Path) -> None:
    with pytest.raises(TwinError) as caught:
        load_twin(tmp_path / "twin.yaml")
    assert str(caught.value) == (
        f"{tmp_path}/twin.yaml:1:1: the file does not exist; give the path of a YAML file"
    )
    assert caught.value.document is None


def test_a_fault_calls_the_file_as_it_was_given() -> None:
    with pytest.raises(TwinError, match=r"^digital_twins/tank/twin.yaml:1:1: "):
        parse_twin(b"", "digital_twins/tank/twin.yaml")


def test_a_twin_does_not_change() -> None:
    twin = parse_twin(SMALLEST.encode()).twin
    with pytest.raises(ValidationError):
        twin.name = "other"  # type: ignore[misc]


def test_a_short_form_is_the_long_one() -> None:
    short = SMALLEST + "ports: {api: 80}\nuses: {a: models/a}\nparameters: {p: 1}\n"
    long = SMALLEST.replace("./run", "{command: ./run}") + (
        "ports: {api: {port: 80}}\nuses: {a: {asset: models/a}}\nparameters: {p: {default: 1}}\n"
    )
    assert parse_twin(short.encode()).twin == parse_twin(long.encode()).twin


def test_analyze_is_analyse() -> None:
    loaded = parse_twin(b"format: 1\nname: tank\nphases: {analyze: ./a}\n")
    assert list(loaded.twin.phases) == ["analyse"]
    assert loaded.position_of(("phases", "analyse")) == (3, 19)


def test_data_that_can_be_read_comes_with_its_faults() -> None:
    with pytest.raises(TwinError) as caught:
        parse_twin(SMALLEST.encode() + b"zzz: 1\n")
    assert caught.value.document is not None
    assert isinstance(caught.value.document.data, dict)
    assert caught.value.document.data["zzz"] == 1


def test_faults_come_in_order_and_a_hundred_at_most() -> None:
    lines = "".join(f"zzz{number}: 1\n" for number in range(150))
    with pytest.raises(TwinError) as caught:
        parse_twin(SMALLEST.encode() + lines.encode())
    places = [(fault.line, fault.column) for fault in caught.value.faults]
    assert len(places) == 100
    assert places == sorted(places)


def test_an_error_is_found_behind_any_number_of_warnings() -> None:
    uses = "".join(f"  a{number}: {{url: 'https://a.b/c'}}\n" for number in range(200))
    with pytest.raises(TwinError, match="'zzz' is not among uses"):
        parse_twin(f"{SMALLEST}uses:\n{uses}physical: {{source: replay, data: zzz}}\n".encode())
    loaded = parse_twin(f"{SMALLEST}uses:\n{uses}".encode())
    assert len(loaded.warnings) == 100


def test_errors_between_keys_are_a_hundred_at_most() -> None:
    texts = "".join(f"  A{number}: '${{uses.x}}'\n" for number in range(200))
    with pytest.raises(TwinError) as caught:
        parse_twin(f"{SMALLEST}variables:\n{texts}".encode())
    assert len(caught.value.faults) == 100


def test_a_warning_leaves_the_twin_usable() -> None:
    loaded = parse_twin(SMALLEST.replace("execute", "excute").encode())
    assert [fault.severity for fault in loaded.warnings] == ["warning"]
    assert "excute" in loaded.twin.phases


def test_a_yaml_fault_in_a_good_twin_is_the_only_one() -> None:
    with pytest.raises(TwinError) as caught:
        parse_twin(SMALLEST.encode() + b"name: tank\n")
    assert len(caught.value.faults) == 1


def test_whoever_checks_further_locates_by_the_twins_paths() -> None:
    loaded = parse_twin(SMALLEST.encode() + b"uses: {a: models/a}\n")
    finding = Finding(("uses", "a", "asset"), "it is not there", "make it", is_warning=True)
    fault = loaded.locate(finding)
    assert str(fault) == "twin.yaml:4:11: warning: uses.a: it is not there; make it"
    key = loaded.locate(Finding(("uses", "a"), "it is doubtful", is_key=True))
    assert (key.line, key.column, key.severity) == (4, 8, "error")


FILE = """\
format: 1
name: tank
uses: {a: models/a, b: {asset: models/b}}
phases:
  analyze: {command: [./a, b]}
  execute: {processes: {x: ./x, y: [./y, z]}}
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), ()),
        (("name",), ("name",)),
        (("uses", "a", "asset"), ("uses", "a")),
        (("uses", "b", "asset"), ("uses", "b", "asset")),
        (("uses", "c", "asset"), ("uses", "c", "asset")),
        (("phases", "analyse", "command", 1), ("phases", "analyze", "command", 1)),
        (("phases", "analyse", "command", 7), ("phases", "analyze", "command", 7)),
        (("phases", "create", "command"), ("phases", "create", "command")),
        (
            ("phases", "execute", "processes", "y", "command", 1),
            ("phases", "execute", "processes", "y", 1),
        ),
        (
            ("phases", "execute", "stop", "signal"),
            ("phases", "execute", "stop", "signal"),
        ),
        (("name", "x", 0, "y"), ("name", "x", 0, "y")),
    ],
)
def test_a_path_of_the_twin_is_found_as_it_was_written(
    path: tuple[Key, ...], expected: tuple[Key, ...]
) -> None:
    assert written(path, parse_twin(FILE.encode()).document) == (expected)
