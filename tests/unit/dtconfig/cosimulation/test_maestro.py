"""Multi-models of Maestro: what they say, what is refused, and values written into them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_dtconfig.cosimulation import (
    Assignment,
    CosimulationError,
    MultiModel,
    read_cosimulation,
)

if TYPE_CHECKING:
    from pathlib import Path

WATER = """\
{
    "fmus": {"{crtl}": "controller.fmu", "{wt}": "file:///workspace/models/tank.fmu"},
    "connections": {
        "{crtl}.c.valve": ["{wt}.t.valvecontrol"],
        "{wt}.t.level": ["{crtl}.c.level"]
    },
    "parameters": {"{crtl}.c.maxlevel": 2, "{crtl}.c.minlevel": 1.50, "{wt}.t.x.y[1]": true},
    "logVariables": {"{wt}.t": ["level"]},
    "livestream": {"{crtl}.c": ["valve"]},
    "externalSignals": {"a": [1, {"b": null}]},
    "startTime": 0.0, "endTime": 30, "algorithm": {"type": "fixed-step", "size": 0.1}
}
"""


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    (tmp_path / "mm.json").write_text(WATER)
    return tmp_path


def load(folder: Path, **changes: object) -> MultiModel:
    path = folder / "mm.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes, indent=1))
    return MultiModel.load(path)


def refuse(folder: Path, **changes: object) -> str:
    with pytest.raises(CosimulationError) as caught:
        load(folder, **changes)
    assert caught.value.faults
    return str(caught.value).replace(f"{folder}/", "")


def test_models_and_places_of_variables_are_listed(folder: Path) -> None:
    system = read_cosimulation("maestro", folder / "mm.json")
    assert {name: one.source for name, one in system.instances.items()} == {
        "{crtl}.c": "controller.fmu",
        "{wt}.t": "file:///workspace/models/tank.fmu",
    }
    mentions = [
        (one.instance, one.variable, one.role, one.position.line) for one in system.mentions
    ]
    assert mentions == [
        ("{crtl}.c", "valve", "source", 4),
        ("{wt}.t", "valvecontrol", "target", 4),
        ("{wt}.t", "level", "source", 5),
        ("{crtl}.c", "level", "target", 5),
        ("{crtl}.c", "maxlevel", "parameter", 7),
        ("{crtl}.c", "minlevel", "parameter", 7),
        ("{wt}.t", "x.y[1]", "parameter", 7),
        ("{wt}.t", "level", "shown", 8),
        ("{crtl}.c", "valve", "shown", 9),
    ]


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("{wt}.t.level", "{wt}.t.level"),
        ("wt.t.level", "{wt}.t.level"),
        ("wt.level", "{wt}.t.level"),
        ("t.level", "{wt}.t.level"),
        ("wt.t.x.y[1]", "{wt}.t.x.y[1]"),
        ("{new}.n.level", None),
        ("{wt}.other.level", None),
        ("level", None),
        ("wt.", None),
        ("nobody.level", None),
    ],
)
def test_a_variable_is_found_without_what_is_clear(
    folder: Path, name: str, full: str | None
) -> None:
    found = load(folder).find(name)
    assert (found.name if found else None) == full


def test_a_model_that_nothing_names_may_get_its_instance_from_a_binding(folder: Path) -> None:
    system = load(folder, fmus={"{crtl}": "c.fmu", "{wt}": "t.fmu", "{new}": "n.fmu"})
    found = system.find("{new}.n.level")
    assert found is not None
    assert (found.instance.source, found.variable) == ("n.fmu", "level")


def test_values_are_written_and_all_else_stays_in_its_order(folder: Path) -> None:
    before = json.loads(WATER)
    system = load(folder)
    system.write(
        folder / "bound.json",
        [Assignment("{crtl}.c.maxlevel", 3.5), Assignment("{wt}.t.name", "Größe")],
    )
    after = json.loads((folder / "bound.json").read_text())
    assert list(after) == list(before)
    assert after.pop("parameters") == {
        "{crtl}.c.maxlevel": 3.5, "{crtl}.c.minlevel": 1.5, "{wt}.t.x.y[1]": True,
        "{wt}.t.name": "Größe",
    }  # fmt: skip
    before.pop("parameters")
    assert after == before


def test_a_multi_model_without_parameters_gets_them(folder: Path) -> None:
    (folder / "mm.json").write_text('{"fmus": {"{a}": "a.fmu"}}')
    MultiModel.load(folder / "mm.json").write(folder / "b.json", [Assignment("{a}.a.x", 1)])
    assert json.loads((folder / "b.json").read_text())["parameters"] == {"{a}.a.x": 1}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fmus": {}}, "there are no `fmus`"),
        ({"fmus": []}, "`fmus` is no object"),
        ({"fmus": {"{crtl}": 1, "{wt}": "t"}}, "this is no path"),
        ({"connections": {"crtl.valve": []}}, "'crtl.valve' is no variable"),
        (
            {"connections": {"{ctrl}.c.valve": []}},
            "mm.json:7:3: `fmus` has no {ctrl}; did you mean '{crtl}'?",
        ),
        ({"connections": {"{crtl}.c.valve": [1]}}, "this is no list of texts"),
        ({"parameters": {"x": 1}}, "'x' is no variable"),
        ({"logVariables": {"{wt}": ["level"]}}, "'{wt}.level' is no variable"),
        ({"endTime": 0}, "the end is not after the start"),
        ({"endTime": "later"}, "`endTime` is no number"),
        ({"algorithm": {"type": "fixedstep"}}, "did you mean 'fixed-step'?"),
        ({"algorithm": {"type": "fixed-step", "size": 0}}, "`size` is no positive number"),
        ({"algorithm": "fixed-step"}, "`algorithm` is no object"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    folder: Path, changes: dict[str, Any], words: str
) -> None:
    assert words in refuse(folder, **changes)


def test_all_faults_come_at_once(folder: Path) -> None:
    text = refuse(folder, parameters={"x": 1, "y": 2}, endTime=-1)
    assert len(text.splitlines()) == 3


@pytest.mark.parametrize(
    "content", ["", "[]", "3", "{", '{"fmus": {"{a}": "x", "{a}": "y"}}', "\0"]
)
def test_what_is_no_multi_model_is_refused(folder: Path, content: str) -> None:
    (folder / "mm.json").write_text(content)
    with pytest.raises(CosimulationError):
        MultiModel.load(folder / "mm.json")


def test_the_configuration_is_checked_too(folder: Path) -> None:
    (folder / "coe.json").write_text('{"startTime": 5,\n "endTime": 1}')
    with pytest.raises(CosimulationError, match=r"coe\.json:2:13: the end is not after the start"):
        read_cosimulation("maestro", folder / "mm.json", folder / "coe.json")
    with pytest.raises(CosimulationError, match=r"absent\.json.*does not exist"):
        read_cosimulation("maestro", folder / "mm.json", folder / "absent.json")


def test_json_with_tabs_and_escapes_is_read(folder: Path) -> None:
    (folder / "mm.json").write_text(
        '{\n\t"fmus":{"{a}":"C:\\\\a\\/b\\u00e9.fmu"},\n\t"x":[1e-3,-2E5]\n}'
    )
    system = MultiModel.load(folder / "mm.json")
    assert system.data == {"fmus": {"{a}": "C:\\a/bé.fmu"}, "x": [0.001, -200000.0]}
