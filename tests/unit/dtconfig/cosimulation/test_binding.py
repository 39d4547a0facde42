"""Files of co-simulations with the values of a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import fmpy
import pytest
from twinhub_dtconfig.assets import AssetTree
from twinhub_dtconfig.binding import write_bound
from twinhub_dtconfig.cosimulation import CosimulationError
from twinhub_dtconfig.loading import parse_twin

from tests.unit.dtconfig.cosimulation.test_ssp import HEAD, TAIL
from tests.unit.dtconfig.models import FMI_2, write_fmu

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_dtconfig.cosimulation.base import Value
    from twinhub_dtconfig.loading import LoadedTwin

PARTS = '<ssd:Elements><ssd:Component name="two" source="two.fmu"/></ssd:Elements>'


def twin(format_: str, file: str, prefix: str) -> LoadedTwin:
    return parse_twin(
        f"""\
format: 1
name: a
phases: {{execute: run}}
uses: {{two: models/two}}
parameters:
  temperature: {{unit: degC, default: 20}}
  speed: {{unit: rad/s, default: 1}}
  n: {{type: integer, default: 3}}
  mode: {{default: off}}
  quiet: false
cosimulations:
  base:
    format: {format_}
    file: {file}
    bind:
      temperature: "{prefix}T"
      speed: "{prefix}speed"
      n: ["{prefix}n"]
      mode: "{prefix}mode"
      quiet: "{prefix}quiet"
""".encode()
    )


VALUES: dict[str, Value] = {
    "temperature": 25, "speed": 6.283185307179586, "n": 4, "mode": "on", "quiet": True,
}  # fmt: skip


def write(folder: Path, loaded: LoadedTwin, values: dict[str, Value] | None = None) -> Path:
    return write_bound(
        loaded, folder, AssetTree.below(folder), "base", values=VALUES if values is None else values
    )


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    write_fmu(tmp_path / "two.fmu", FMI_2)
    write_fmu(tmp_path / "models/two/two.fmu", FMI_2)
    (tmp_path / "mm.json").write_text('{"fmus": {"{a}": "two.fmu"}, "other": [1, {"b": null}]}')
    (tmp_path / "s.ssd").write_text(HEAD + PARTS + TAIL)
    return tmp_path


def test_values_come_in_the_units_and_types_of_their_variables(folder: Path) -> None:
    path = write(folder, twin("maestro", "mm.json", "{a}.a."))
    assert path == folder / "base.bound.json"
    bound = json.loads(path.read_text())
    assert bound["other"] == [1, {"b": None}]
    assert bound["parameters"] == {
        "{a}.a.T": 298.15, "{a}.a.speed": pytest.approx(60), "{a}.a.n": 4, "{a}.a.mode": 1,
        "{a}.a.quiet": True,
    }  # fmt: skip


def test_parameters_without_a_value_leave_the_file_as_it_is(folder: Path) -> None:
    path = write(folder, twin("maestro", "mm.json", "{a}.a."), {"n": 5})
    assert json.loads(path.read_text())["parameters"] == {"{a}.a.n": 5}


def test_a_system_of_ssp_gets_a_binding(folder: Path) -> None:
    path = write(folder, twin("ssp", "s.ssd", "two."))
    assert path.name == "base.bound.ssd"
    assert '<Parameter name="two.T"><Real value="298.15"/></Parameter>' in path.read_text()


def test_fmpy_finds_the_model_where_the_twin_runs(folder: Path) -> None:
    path = write(folder, twin("fmpy", "${uses.two}/two.fmu", ""))
    arguments = json.loads(path.read_text())
    assert fmpy.read_model_description(arguments["filename"]).modelName == "Two"
    assert arguments["start_values"]["T"] == 298.15


@pytest.mark.parametrize("format_", ["maestro", "ssp"])
def test_assets_that_the_file_names_become_their_paths(folder: Path, format_: str) -> None:
    (folder / "mm.json").write_text('{"fmus": {"{a}": "${uses.two}/two.fmu"}, "x": "${HOME}"}')
    (folder / "s.ssd").write_text(HEAD + PARTS.replace("two.fmu", "${uses.two}/two.fmu") + TAIL)
    file, prefix = ("mm.json", "{a}.a.") if format_ == "maestro" else ("s.ssd", "two.")
    text = write(folder, twin(format_, file, prefix)).read_text()
    assert f'"{folder}/models/two/two.fmu"' in text
    assert "${uses" not in text
    assert format_ == "ssp" or json.loads(text)["x"] == "${HOME}"


def test_a_link_in_place_of_the_copy_is_replaced(folder: Path) -> None:
    (folder / "kept").write_text("kept")
    (folder / "base.bound.json").symlink_to("kept")
    write(folder, twin("maestro", "mm.json", "{a}.a."))
    assert (folder / "kept").read_text() == "kept"


@pytest.mark.parametrize(
    ("format_", "file", "prefix", "words"),
    [
        (
            "maestro", "absent.json", "{a}.a.",
            "twin.yaml:14:11: cosimulations.base.file: there is no file absent.json",
        ),
        ("maestro", "mm.json", "{b}.a.", "no model for '{b}.a.T'; its models are {a}"),
        ("ssp", "s.ssd", "two.x", "Two has no variable 'xT'"),
        ("maestro", "broken.json", "{a}.a.", "broken.json:1:2: the file ends within"),
        ("fmpy", "${uses.two}/absent.fmu", "", "there is no file"),
    ],
)  # fmt: skip
def test_what_cannot_be_bound_is_refused_with_its_place(
    folder: Path, format_: str, file: str, prefix: str, words: str
) -> None:
    (folder / "broken.json").write_text("{")
    with pytest.raises(CosimulationError) as caught:
        write(folder, twin(format_, file, prefix))
    assert words in str(caught.value)


def test_a_model_that_cannot_be_read_is_refused(folder: Path) -> None:
    (folder / "two.fmu").write_text("no archive")
    with pytest.raises(CosimulationError, match="is no ZIP archive"):
        write(folder, twin("maestro", "mm.json", "{a}.a."))


def test_the_copy_is_never_written_into_an_asset_that_a_link_leads_to(folder: Path) -> None:
    own = folder / "digital_twins" / "tank"
    own.mkdir(parents=True)
    write_fmu(own / "two.fmu", FMI_2)
    (folder / "mm.json").rename(folder / "models" / "mm.json")
    (own / "asset").symlink_to(folder / "models")
    loaded = twin("maestro", "asset/mm.json", "{a}.a.")
    path = write_bound(loaded, own, AssetTree.below(folder), "base", values=VALUES)
    assert path == own / "base.bound.json"
    assert not (folder / "models" / "base.bound.json").exists()
