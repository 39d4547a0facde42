"""The folder that an export is: its files, its pages, what it leaves out."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from twinhub_dtconfig.documents import parse_document
from twinhub_dtconfig.export import ExportError, export_dtaas
from twinhub_dtconfig.loading import load_twin
from twinhub_dtconfig.opening import open_twin

from tests.fixtures.requirements import missing
from tests.unit.dtconfig.export.exports import Export, export, write_twin
from tests.unit.dtconfig.inference.folders import write

TWINS = [
    *sorted(Path("config/examples/twins").iterdir()),
    Path("config/assets/common/digital_twins/heated-tank"),
]

EVERYTHING = """
    title: Heated tank
    summary: Warms water.
    uses:
      tank: common/models/heated-tank@1.2
      lake: {s3: "s3://bucket/key"}
      cooler: {twin: common/digital_twins/cooler, copy: true}
    parameters: {power: 5}
    secrets: {key: A key}
    files: [{text: "${secrets.key}", to: key.ini}]
    environment: {image: run, toolchains: [c, openmodelica], java: 17}
    resources: {cpu: 2}
    phases:
      create: ./lifecycle/create
      execute: {command: "python3 x.py", live: true}
      analyse: {command: "python3 y.py", outputs: ["output/*.csv"]}
    cosimulations: {one: {format: ssp, file: x.ssp, bind: {power: t.P}}}
    signals: {t: {source: {metric: t}}}
    commands: {open: {effect: {command: ./open}}}
    physical: {source: mock}
    services: {mqtt: {managed: {topics: [a]}}}
    ports: {api: {port: 8080, access: public}}
    state: {keep: [state]}
    schedules: {nightly: {phase: analyse, cron: "0 3 * * *"}}
"""
LEFT_OUT = {
    "uses.tank", "uses.lake", "uses.cooler", "key.ini", "environment.image",
    "environment.toolchains", "resources", "phases.analyse", "phases.execute.live",
    "cosimulations.one.bind", "signals", "commands", "physical", "services.mqtt", "ports.api",
    "state", "schedules",
}  # fmt: skip


def test_what_cannot_be_carried_over_is_reported_and_is_in_the_readme(tmp_path: Path) -> None:
    exported = export(tmp_path, EVERYTHING, {"README.md": "# Mine\n\nMy text.\n"})
    assert {one.path for one in exported.report.left_out} == LEFT_OUT
    readme = exported.text("README.md")
    assert readme.startswith("# Mine\n\nMy text.\n\n## Lifecycle scripts\n")
    assert all(f"- `{path}`: " in readme for path in LEFT_OUT)
    assert "- `SECRETS_KEY`: A key" in readme
    assert exported.text("description.md") == "Warms water.\n"


def test_a_twin_without_such_parts_leaves_nothing_out(tmp_path: Path) -> None:
    exported = export(tmp_path, 'phases: {execute: "true"}')
    assert exported.report.left_out == ()
    assert "What is different" not in exported.text("README.md")


def check_shell(folder: Path) -> str:
    """Return what shellcheck finds in the scripts of an export."""
    shellcheck = Path(sys.executable).with_name("shellcheck")
    if not shellcheck.exists():
        missing("shellcheck is not in the environment", "make setup")
    scripts = [p for p in (folder / "lifecycle").iterdir() if p.is_file() and not p.suffix]
    scripts.append(folder / "lifecycle/twin/environment.sh")
    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_every_exported_script_is_clean_and_executable(tmp_path: Path) -> None:
    exported = export(tmp_path, EVERYTHING, {"lifecycle/create": "#!/bin/sh\nexit 0\n"})
    scripts = [p for p in (exported.folder / "lifecycle").iterdir() if p.is_file()]
    assert {p.name for p in scripts} == {
        "create", "create.twin", "execute", "analyse", "terminate", "clean"
    }  # fmt: skip
    assert all(os.access(path, os.X_OK) for path in scripts)
    assert check_shell(exported.folder) == ""


@pytest.mark.heavy
@pytest.mark.parametrize("folder", TWINS, ids=lambda folder: folder.name)
def test_every_example_is_exported(tmp_path: Path, folder: Path) -> None:
    twin = open_twin(folder)
    report = export_dtaas(twin.loaded, tmp_path)
    scripts = {path.removeprefix("lifecycle/") for path in report.files}
    assert {*twin.twin.phases, "create", "terminate", "clean"} <= scripts
    assert check_shell(report.folder) == ""
    again = open_twin(report.folder)  # a folder of scripts is a twin again
    assert {*twin.twin.phases} <= set(again.twin.phases)


@pytest.mark.heavy
def test_an_own_script_makes_room_and_is_still_what_runs(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        phases: {create: ./lifecycle/create --all, execute: ./lifecycle/run}
        """,
        {
            "lifecycle/create": '#!/bin/sh\ncd "$(dirname "$0")/.."\necho own "$@"\nls */run\n',
            "lifecycle/run": "#!/bin/sh\necho run\n",
        },
    )
    assert exported.run("create").stdout == "own --all\nlifecycle/run\n"
    assert exported.run("execute").stdout == "run\n"


def test_programs_of_an_export_run_on_python_3_8(tmp_path: Path) -> None:
    exported = export(tmp_path, 'phases: {execute: "true"}')
    programs = sorted((exported.folder / "lifecycle/twin").glob("*.py"))
    assert [path.name for path in programs] == ["prepare.py", "run_phase.py", "stop.py"]
    for path in programs:
        tree = ast.parse(path.read_text(), feature_version=(3, 8))
        imports = {
            name.partition(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert imports <= sys.stdlib_module_names


def test_an_export_runs_without_twinhub(tmp_path: Path) -> None:
    exported = export(tmp_path, "phases: {execute: echo done}")
    assert exported.run("execute", PATH="/usr/bin:/bin", PYTHONPATH="/nowhere").stdout == "done\n"


def test_links_that_leave_the_twin_and_hidden_files_are_not_taken_along(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("private")
    folder = write_twin(tmp_path / "tank", 'phases: {execute: "true"}', {".env": "KEY=1\n"})
    (folder / "away").symlink_to(tmp_path / "outside")
    (folder / "loop").symlink_to("loop")
    (folder / "inside").symlink_to("twin.yaml")
    report = export_dtaas(load_twin(folder / "twin.yaml"), tmp_path / "out")
    assert {one.path for one in report.left_out} == {"away", "loop"}
    assert not {"away", "loop", ".env"} & set(report.files)
    assert (report.folder / "inside").read_text() == (folder / "twin.yaml").read_text()


def test_an_export_is_not_exported_again(tmp_path: Path) -> None:
    first = export(tmp_path, "phases: {execute: ls}")
    again = open_twin(first.folder)
    with pytest.raises(ExportError, match="is an export; export the twin that it was made from"):
        export_dtaas(again.loaded, tmp_path / "again", folder=again.folder)


def test_a_folder_without_a_description_is_exported_too(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "My Twin",
        {"README.md": "# Mine\n", "lifecycle/analyze": "#!/bin/sh\necho analysed\n"},
    )
    opened = open_twin(folder)
    exported = Export(export_dtaas(opened.loaded, tmp_path / "out", folder=opened.folder))
    assert exported.folder.name == "my-twin"
    assert exported.run("analyse").stdout == "analysed\n"


def test_a_phase_that_has_the_place_of_the_programs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="has the place of lifecycle/twin; rename the phase"):
        export(tmp_path, "phases: {twin: ls}")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    folder = write_twin(tmp_path / "tank", 'phases: {execute: "true"}')
    target = tmp_path / "out" / "digital_twins" / "tank"
    target.mkdir(parents=True)
    with pytest.raises(ExportError, match="exists already; choose another folder"):
        export_dtaas(load_twin(folder / "twin.yaml"), tmp_path / "out")
    assert list(target.iterdir()) == []


def test_a_twin_is_not_exported_into_itself(tmp_path: Path) -> None:
    folder = write_twin(tmp_path / "tank", 'phases: {execute: "true"}')
    with pytest.raises(ExportError, match="inside the twin itself"):
        export_dtaas(load_twin(folder / "twin.yaml"), folder / "out")


def test_two_names_that_would_be_one_variable_are_refused(tmp_path: Path) -> None:
    yaml = 'parameters: {a-b: 1, a_b: 2}\nphases: {execute: "true"}'
    with pytest.raises(ExportError, match=r"a_b and another name would both be \$PARAMETERS_A_B"):
        export(tmp_path, yaml)


def test_the_pipeline_runs_the_phases_and_is_started_by_the_name(tmp_path: Path) -> None:
    exported = export(tmp_path, EVERYTHING, {"lifecycle/create": "#!/bin/sh\n"})
    text = exported.text(".gitlab-ci.yml")
    data = parse_document(text.encode(), ".gitlab-ci.yml").data
    assert isinstance(data, dict)
    job = data["run_tank"]
    assert isinstance(job, dict)
    assert job["script"] == ["./lifecycle/create", "./lifecycle/analyse"]
    assert job["after_script"] == ["cd digital_twins/tank", "./lifecycle/terminate"]
    assert job["tags"] == ["$RunnerTag"]
    assert '$DTName == "tank"' in text
    head = "".join(line[2:] for line in text.splitlines(keepends=True)[1:] if line[0] == "#")
    trigger = parse_document(head.encode(), "root").data
    assert isinstance(trigger, dict)
    assert list(trigger) == ["trigger_tank"]


def test_a_described_sample_is_exported_from_a_read_only_folder(tmp_path: Path) -> None:
    folder = write_twin(tmp_path / "tank", "phases: {execute: cat data.txt}", {"data.txt": "1\n"})
    for path in folder.iterdir():
        path.chmod(0o444)
    report = export_dtaas(load_twin(folder / "twin.yaml"), tmp_path / "out")
    shutil.rmtree(report.folder)


def test_a_unit_that_is_not_converted_is_reported(tmp_path: Path) -> None:
    exported = export(
        tmp_path,
        """
        parameters: {power: {default: 5, unit: kW}, mass: 3}
        cosimulations: {one: {format: fmpy, file: x.fmu, bind: {power: P, mass: m}}}
        phases: {execute: ls}
        """,
    )
    (one,) = exported.report.left_out
    assert one.path == "cosimulations.one.bind"
    assert one.what == (
        "power is not converted: it has to be in the unit of its variables, and is in kW"
    )


@pytest.mark.parametrize("path", ["README.md", "description.md", "mm.json", "twin.txt"])
def test_what_a_link_leads_to_outside_is_in_no_generated_file(tmp_path: Path, path: str) -> None:
    (tmp_path / "outside").write_text('{"parameters": {"PRIVATE": 1}}')
    yaml = """
        parameters: {p: 1.0}
        cosimulations: {base: {format: maestro, file: mm.json, bind: {p: "{a}.b.c"}}}
        phases: {execute: "true"}
    """
    folder = write_twin(tmp_path / "tank", yaml, {"here.txt": "ours"})
    (folder / path).symlink_to(tmp_path / "outside")
    report = export_dtaas(load_twin(folder / "twin.yaml"), tmp_path / "out")
    for file in report.files:
        assert "PRIVATE" not in (report.folder / file).read_text()


def test_a_template_that_a_link_leads_out_for_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("PRIVATE")
    yaml = 'files: [{render: t.txt, to: out.txt}]\nphases: {execute: "true"}'
    folder = write_twin(tmp_path / "tank", yaml)
    (folder / "t.txt").symlink_to(tmp_path / "outside")
    with pytest.raises(ExportError, match=r"the template t\.txt cannot be read"):
        export_dtaas(load_twin(folder / "twin.yaml"), tmp_path / "out")
