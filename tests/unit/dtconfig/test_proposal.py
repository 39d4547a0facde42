"""The first files of a twin: proposed from a folder, or made from a template; never over others."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.export import export_dtaas
from twinhub_dtconfig.loading import TwinError, load_twin
from twinhub_dtconfig.opening import open_twin
from twinhub_dtconfig.proposal import TEMPLATES, ProposalError, init_twin, propose, template_files

from tests.unit.dtconfig.export.exports import Export, free_port
from tests.unit.dtconfig.inference.folders import mass_spring_damper

if TYPE_CHECKING:
    from pathlib import Path


def made(tmp_path: Path, template: str) -> Path:
    folder = tmp_path / "My Tank"
    folder.mkdir()
    init_twin(folder, template)
    return folder


def test_what_is_proposed_for_a_folder_is_valid_and_says_why(tmp_path: Path) -> None:
    folder = mass_spring_damper(tmp_path)
    inferred = open_twin(folder).twin
    assert init_twin(folder) == [folder / "twin.yaml"]
    assert (folder / "twin.yaml").read_text() == propose(folder)
    described = open_twin(folder)
    assert described.is_described
    assert described.twin == inferred
    assert "# guess: lifecycle/create:4 installs openjdk-17-jre\n  java: 17\n" in propose(folder)


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_template_is_a_valid_twin_with_the_name_of_its_folder(
    tmp_path: Path, template: str
) -> None:
    loaded = load_twin(made(tmp_path, template) / "twin.yaml")
    assert loaded.twin.name == "my-tank"
    assert loaded.warnings == ()


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_template_names_files_that_it_has(template: str) -> None:
    files = template_files(template, "x")
    text = files["twin.yaml"]
    words = re.split(r"[\s',{}\[\]]+", text)
    named = {w for w in words if w.endswith((".py", ".json")) and "$" not in w}
    assert named
    assert named <= files.keys()


def test_the_smallest_template_has_three_lines(tmp_path: Path) -> None:
    text = (made(tmp_path, "minimal") / "twin.yaml").read_text()
    assert len(text.splitlines()) == 3


def test_the_program_of_the_smallest_template_runs(tmp_path: Path) -> None:
    exported = exported_from(made(tmp_path, "minimal"), tmp_path)
    assert exported.run("execute").stdout == "drinkable after 25 minutes\n"


@pytest.mark.heavy
def test_the_python_template_runs_with_its_scenarios(tmp_path: Path) -> None:
    exported = exported_from(made(tmp_path, "python"), tmp_path)
    assert exported.run("execute").returncode == 0
    assert exported.run("analyse").stdout == ("drinkable after 11 minutes\ncold after 25 minutes\n")
    exported.run("execute", TWIN_SCENARIO="thermos")
    assert exported.run("analyse").stdout.endswith("not cold within an hour\n")
    exported.run("clean")
    assert not (exported.folder / "output").exists()


@pytest.mark.heavy
def test_the_service_template_is_watched_and_steered_until_it_is_stopped(tmp_path: Path) -> None:
    port = free_port()
    exported = exported_from(made(tmp_path, "service"), tmp_path)
    with exported.started("execute", PORTS_API=str(port)) as running:
        assert running.stdout is not None
        assert "temperature=" in running.stdout.readline()
        base = f"http://127.0.0.1:{port}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(  # noqa: S310  # our own address
            f"{base}/power", data=b"1500", method="PUT"
        )
        assert opener.open(request, timeout=10).read() == b"1500\n"
        assert float(opener.open(f"{base}/temperature", timeout=10).read()) < 20
        running.send_signal(signal.SIGTERM)
        output, _ = running.communicate(timeout=20)
        assert running.returncode == 0
        assert "the room is left" in output


def test_the_cosimulation_template_connects_the_variables_that_it_binds(tmp_path: Path) -> None:
    folder = made(tmp_path, "cosimulation")
    model = json.loads((folder / "cosim/multi-model.json").read_text())
    bind = load_twin(folder / "twin.yaml").twin.cosimulations["system"].bind
    assert set(bind.values()) <= model["parameters"].keys()
    names = [*model["connections"], *(x for one in model["connections"].values() for x in one)]
    assert {name.split(".")[0] for name in names} == model["fmus"].keys()


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "tank"
    folder.mkdir()
    (folder / "simulate.py").write_text("mine")
    with pytest.raises(ProposalError, match=r"simulate\.py would be overwritten; choose an empty"):
        init_twin(folder, "minimal")
    assert [path.name for path in folder.iterdir()] == ["simulate.py"]
    (folder / "twin.yaml").symlink_to("nowhere")
    with pytest.raises(ProposalError, match=r"twin\.yaml is there already; change it"):
        init_twin(folder)


def test_an_unknown_template_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ProposalError) as refused:
        init_twin(tmp_path, "pyhton")
    assert str(refused.value) == (
        "there is no template 'pyhton'; did you mean 'python'?;"
        " choose one of minimal, python, cosimulation, service"
    )


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TwinError, match="this is no folder"):
        init_twin(tmp_path / "nowhere")


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ProposalError, match="cannot be written: not a directory; choose another"):
        init_twin(tmp_path / "file" / "tank", "minimal")


def test_templates_are_part_of_the_installed_package() -> None:
    code = (
        "import sys; from twinhub_dtconfig.proposal import TEMPLATES, template_files\n"
        "print(sum(len(template_files(one, 'x')) for one in TEMPLATES))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/"
    )
    assert int(done.stdout) > 10


def exported_from(folder: Path, tmp_path: Path) -> Export:
    return Export(export_dtaas(load_twin(folder / "twin.yaml"), tmp_path / "out"))
