"""Every example goes through what works with twins: checks, schema, graph, export."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from twinhub_dtconfig.assets import AssetTree
from twinhub_dtconfig.checks import check_twin
from twinhub_dtconfig.export import export_dtaas
from twinhub_dtconfig.graph import draw_twin
from twinhub_dtconfig.loading import load_twin, parse_twin

from tests.contract.examples.folders import CHECKOUT, SAMPLES, TWINS, make_library, with_port

ALL = [*TWINS, *SAMPLES]
NAMES = [path.parent.name for path in ALL]
SCHEMA = json.loads((CHECKOUT / "config" / "schemas" / "twin.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_library(tmp_path_factory.mktemp("library"))


def folder_of(library: Path, name: str) -> Path:
    own = library / "digital_twins" / name
    return own if own.exists() else library / "common" / "digital_twins" / name


@pytest.mark.parametrize("name", NAMES)
def test_an_example_fits_the_library_and_its_models(name: str, library: Path) -> None:
    folder = folder_of(library, name)
    found = check_twin(load_twin(folder / "twin.yaml"), folder, AssetTree.below(library))
    assert [str(fault) for fault in found] == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("two-cosimulations", "{controller}.c.P_max", "{controller}.c.P_mx", "P_max"),
        ("two-cosimulations", "heated-tank.fmu", "heated-tnk.fmu", "heated-tank.fmu"),
        ("two-cosimulations", "unit: kg,", "unit: m,", "kg"),
        ("twin-of-twins", "cooler@^1.0", "cooler@^2.0", "1.0.0"),
        ("robot", "teams/plant/", "teams/plants/", "plant"),
    ],
)
def test_what_is_broken_in_an_example_is_found(
    name: str, old: str, new: str, said: str, library: Path
) -> None:
    folder = folder_of(library, name)
    text = (folder / "twin.yaml").read_text("utf-8")
    assert old in text
    broken = parse_twin(text.replace(old, new).encode())
    found = check_twin(broken, folder, AssetTree.below(library))
    assert said in " ".join(map(str, found))


@pytest.mark.parametrize("file", ALL, ids=NAMES)
def test_an_example_has_the_form_of_the_schema(file: Path) -> None:
    errors = Draft202012Validator(SCHEMA).iter_errors(load_twin(file).document.data)
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("file", ALL, ids=NAMES)
def test_the_graph_of_an_example_shows_its_phases(file: Path) -> None:
    twin = load_twin(file).twin
    graph = draw_twin(twin)
    assert graph.startswith("flowchart ")
    assert [phase for phase in twin.phases if phase not in graph] == []


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_exported_with_a_script_for_each_phase(
    name: str, library: Path, tmp_path: Path
) -> None:
    loaded = load_twin(folder_of(library, name) / "twin.yaml")
    export_dtaas(loaded, tmp_path)
    scripts = {
        path.name
        for path in (tmp_path / "digital_twins" / name / "lifecycle").iterdir()
        if os.access(path, os.X_OK) and path.is_file()
    }
    assert set(loaded.twin.phases) <= scripts


def run_exported(out: Path, name: str, phase: str) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.defpath])
    script = out / "digital_twins" / name / "lifecycle" / phase
    done = subprocess.run(
        [script], env={"PATH": path}, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_exported_example_runs_without_twinhub(library: Path, tmp_path: Path) -> None:
    export_dtaas(load_twin(folder_of(library, "smallest") / "twin.yaml"), tmp_path)
    assert run_exported(tmp_path, "smallest", "execute").splitlines()[-1] == "temperature=48.67"


def test_exported_processes_wait_for_each_other_too(tmp_path: Path) -> None:
    folder = make_library(tmp_path / "library") / "digital_twins" / "processes"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with_port(folder, 18080, probe.getsockname()[1])
    export_dtaas(load_twin(folder / "twin.yaml"), tmp_path / "out")
    run_exported(tmp_path / "out", "processes", "create")
    run_exported(tmp_path / "out", "processes", "execute")
    table = tmp_path / "out" / "digital_twins" / "processes" / "output" / "samples.csv"
    assert len(table.read_text("utf-8").splitlines()) == 21
