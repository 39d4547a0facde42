"""Folders without ``twin.yaml`` are twins: what is inferred, why, and what is noticed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.inference import infer_twin
from twinhub_dtconfig.loading import TwinError, parse_twin
from twinhub_dtconfig.opening import open_twin

from tests.unit.dtconfig.inference.folders import (
    UNSUPPORTED,
    heart_service,
    incubator,
    mass_spring_damper,
    write,
)

if TYPE_CHECKING:
    from twinhub_dtconfig.inference import InferredTwin

SAMPLE = Path("config/assets/common/digital_twins/heated-tank")


def reason(twin: InferredTwin, *path: str) -> tuple[str, str]:
    """Return why a value is thought, and how sure that is."""
    return next((guess.why, guess.sure) for guess in twin.guesses if guess.path == path)


def noticed(twin: InferredTwin) -> list[str]:
    return [f"{note.file}:{note.line}: {note.what}" for note in twin.notes]


def infer(folder: Path, files: dict[str, str]) -> InferredTwin:
    return infer_twin(write(folder / "digital_twins" / "tank", files))


def test_a_cosimulation_is_inferred_with_what_it_uses(tmp_path: Path) -> None:
    inferred = infer_twin(mass_spring_damper(tmp_path))
    twin = inferred.twin
    assert (twin.name, twin.title) == ("mass-spring-damper", "Mass Spring Damper")
    assert twin.summary == "Two masses, each on a spring and a damper, computed together."
    assert list(twin.phases) == ["create", "execute", "terminate", "clean"]
    assert twin.phases["execute"].command == "./lifecycle/execute"
    assert twin.phases["execute"].outputs == ("debug.log",)
    assert {use.asset for use in twin.uses.values()} == {
        "data/mass-spring-damper",
        "models/MassSpringDamper1.fmu",
        "models/MassSpringDamper2.fmu",
        "common/tools/maestro-2.3.0-jar-with-dependencies.jar",
    }
    assert twin.uses["mass_spring_damper"].writable
    assert (twin.environment.java, twin.environment.system) == (17, ("libgomp1",))
    one = twin.cosimulations["cosim"]
    assert (one.format, one.file, one.configuration) == ("maestro", "cosim.json", "time.json")


def test_a_service_is_inferred_as_live_with_its_port(tmp_path: Path) -> None:
    inferred = infer_twin(heart_service(tmp_path))
    twin = inferred.twin
    assert (twin.name, twin.title, twin.summary) == ("heart-dt", "Heart", "Shows a pulse live.")
    assert twin.phases["execute"].live
    assert {name: port.port for name, port in twin.ports.items()} == {"web": 8050}
    assert twin.environment.python == "3.10"
    assert twin.environment.requirements == "requirements.txt"
    assert reason(inferred, "ports", "web")[1] == "unsure"
    assert reason(inferred, "name") == (
        "the folder is called 'Heart_DT', which is no name for a twin",
        "likely",
    )


def test_services_are_inferred_and_secrets_are_named_but_never_repeated(tmp_path: Path) -> None:
    inferred = infer_twin(incubator(tmp_path))
    twin = inferred.twin
    rabbitmq = twin.services["rabbitmq"].external
    assert rabbitmq is not None
    assert rabbitmq.url == "amqp://broker.plant.example.org:5672"
    assert (rabbitmq.username, rabbitmq.secret) == ("incubator", "rabbitmq_password")
    influxdb = twin.services["influxdb"].external
    assert influxdb is not None
    assert influxdb.url == "http://influx.plant.example.org:8086"
    assert twin.environment.packages == ("pika", "influxdb-client>=1.30")
    assert twin.uses["incubator"].twin == "common/digital_twins/incubator"
    everything = f"{inferred.text}{inferred.guesses}{inferred.notes}"
    assert "hunter2" not in everything
    assert "s3cr3t" not in everything


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("c.json", '{"hostname": "host", "password": "letmein", "port": 5672}'),
        ("c.json", '{"password": "letmein"}'),
        ("c.conf", "token = letmein"),
        ("c.yml", "a:\n  api_key: 'letmein'"),
    ],
)
def test_a_written_password_is_noticed_and_not_repeated(
    tmp_path: Path, file: str, text: str
) -> None:
    inferred = infer(tmp_path, {file: text, "main.py": "1\n"})
    assert any("a password or token is written here" in note for note in noticed(inferred))
    assert "letmein" not in f"{inferred.text}{inferred.notes}{inferred.guesses}"


@pytest.mark.parametrize(
    "text", ["password = ", "password: ${secrets.x}", "token: null", "a: token"]
)
def test_a_password_that_is_not_written_is_not_noticed(tmp_path: Path, text: str) -> None:
    assert noticed(infer(tmp_path, {"c.yml": text, "main.py": "1\n"})) == []


def test_a_service_is_guessed_from_its_usual_port(tmp_path: Path) -> None:
    inferred = infer(tmp_path, {"c.json": '{"hostname": "host", "port": 5672}', "main.py": "1\n"})
    assert list(inferred.twin.services) == ["rabbitmq"]
    assert reason(inferred, "services", "rabbitmq")[1] == "unsure"


def test_the_sample_is_a_twin_without_a_description_too(tmp_path: Path) -> None:
    folder = tmp_path / "common" / "digital_twins" / "heated-tank"
    for path in SAMPLE.rglob("*"):
        if path.is_file() and path.name != "twin.yaml":
            target = folder / path.relative_to(SAMPLE)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    twin = infer_twin(folder).twin
    assert list(twin.phases) == ["create", "execute", "analyse", "terminate", "clean"]
    assert {use.asset for use in twin.uses.values()} >= {
        "common/models/heated-tank", "common/models/pi-controller", "common/data/draw-off-profile",
        "common/tools/fixed-step-master", "common/functions/heating-analysis",
    }  # fmt: skip


@pytest.mark.parametrize("make", [mass_spring_damper, heart_service, incubator])
def test_the_text_of_an_inferred_twin_is_a_twin_and_has_every_reason(
    tmp_path: Path, make: type
) -> None:
    inferred = infer_twin(make(tmp_path))
    assert parse_twin(inferred.text.encode()).twin == inferred.twin
    plain = " ".join(inferred.text.replace("#", " ").split())
    for guess in inferred.guesses:
        assert " ".join(str(guess).split()) in plain
        assert guess.why


@pytest.mark.parametrize(
    "script",
    [
        UNSUPPORTED,
        '#!/bin/sh\necho "This operation is not supported on this digital twin"\nexit 0\n',
        "#!/bin/bash\n# nothing here\n",
        "#!/bin/bash\nset -e\nprintf 'operation is not supported yet; not supported'\n",
    ],
)
def test_a_script_that_only_says_so_is_an_unsupported_phase(tmp_path: Path, script: str) -> None:
    files = {"lifecycle/execute": "#!/bin/sh\nls\n", "lifecycle/evolve": script}
    inferred = infer(tmp_path, files)
    assert list(inferred.twin.phases) == ["execute"]
    assert "the script of the phase 'evolve' does nothing" in noticed(inferred)[0]


def test_a_script_that_does_something_besides_is_a_phase(tmp_path: Path) -> None:
    script = "#!/bin/sh\necho pausing is not supported\npython3 run.py\n"
    assert "save" in infer(tmp_path, {"lifecycle/save": script}).twin.phases


def test_phases_have_their_names_whatever_the_spelling_and_ending(tmp_path: Path) -> None:
    inferred = infer(
        tmp_path,
        {
            "lifecycle/analyze": "#!/bin/sh\nls\n",
            "lifecycle/execute.sh": "ls\n",
            "lifecycle/save.py": "print(1)\n",
            "lifecycle/prepare": "#!/bin/sh\nls\n",
            "lifecycle/install": "#!/bin/sh\nls\n",
            "lifecycle/requirements.txt": "numpy\n",
            "lifecycle/notes": "plain text\n",
            "lifecycle/README.md": "# Phases\n",
        },
    )
    commands = {name: phase.command for name, phase in inferred.twin.phases.items()}
    assert commands == {
        "execute": "sh lifecycle/execute.sh",
        "save": "python3 lifecycle/save.py",
        "analyse": "./lifecycle/analyze",
        "install": "./lifecycle/install",
        "prepare": "./lifecycle/prepare",
    }


def test_a_script_without_an_ending_comes_first(tmp_path: Path) -> None:
    files = {"lifecycle/execute.sh": "ls\n", "lifecycle/execute": "#!/bin/sh\nls\n"}
    assert infer(tmp_path, files).twin.phases["execute"].command == "./lifecycle/execute"


def test_a_pipeline_gives_phases_that_no_script_gives(tmp_path: Path) -> None:
    pipeline = """
        stages: [create, run]
        .common: &common {tags: [x]}
        create_tank:
          <<: *common
          stage: create
          script:
            - cd digital_twins/tank
            - pip install numpy
        run_tank:
          script: ["chmod +x x", "python3 go.py --fast", !reference [.x, script]]
          stage: run
        trigger: {stage: deploy, script: [curl example.org]}
    """
    inferred = infer(tmp_path, {".gitlab-ci.yml": pipeline})
    twin = inferred.twin
    assert list(twin.phases) == ["create", "execute"]
    assert twin.phases["create"].script == "pip install numpy\n"
    assert (twin.phases["execute"].script or "").startswith("python3 go.py --fast\n")
    assert twin.environment.packages == ("numpy",)


def test_a_main_program_is_guessed_where_nothing_says_how_it_runs(tmp_path: Path) -> None:
    inferred = infer(tmp_path, {"main.py": "print(1)\n"})
    assert inferred.twin.phases["execute"].command == "python3 main.py"
    assert reason(inferred, "phases", "execute")[1] == "unsure"


def test_a_folder_that_says_nothing_is_a_twin_whose_phase_says_what_to_do(tmp_path: Path) -> None:
    inferred = infer(tmp_path, {"README.md": "# Empty\n"})
    script = inferred.twin.phases["execute"].script
    assert script is not None
    assert "write in twin.yaml" in script
    assert "exit 1" in script


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("python3 x.py 2>&1 | tee out.txt", "the pipe into tee hides a failure"),
        ("nohup python3 x.py > log 2>&1 &", "left running in the background"),
        ("pkill -f x.py", "programs are ended by name"),
        ("read -p 'Continue? ' answer", "a question is asked"),
        ("apt-get install maven", "apt-get asks before it installs"),
        ("sudo ls", "sudo may not be allowed"),
    ],
)
def test_habits_that_hide_failures_are_noticed_with_their_line(
    tmp_path: Path, line: str, what: str
) -> None:
    inferred = infer(tmp_path, {"lifecycle/execute": f"#!/bin/sh\n# about\n{line}\n"})
    assert [note for note in noticed(inferred) if note.startswith("lifecycle/execute:3: ")]
    assert any(what in note for note in noticed(inferred))
    assert {note.severity for note in inferred.notes} == {"warning"}


@pytest.mark.parametrize(
    "line",
    [
        "tee out.txt < in.txt",
        "apt-get install -y maven",
        "python3 x.py & wait",
        "echo a && echo b",
        "ls  # pkill x",
        "set -o pipefail; ls | tee x",
    ],
)
def test_what_is_no_such_habit_is_not_noticed(tmp_path: Path, line: str) -> None:
    assert noticed(infer(tmp_path, {"lifecycle/execute": f"#!/bin/bash\n{line}\n"})) == []


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("cp /workspace/models/a.fmu .", "models/a.fmu"),
        ("cat /workspace/common/data/d/x/y.csv", "common/data/d"),
        ("cp ../../models/a.fmu .", "models/a.fmu"),
        ("cp ../../common/tools/t.jar .", "common/tools/t.jar"),
        ("ls $CI_PROJECT_DIR/common/tools/t.jar", "common/tools/t.jar"),
        ("ls ${TWINHUB_COMMON}/functions/f/a.py", "common/functions/f"),
        ("T=/workspace/common/tools\nls $T/t.jar", "common/tools/t.jar"),
        ("export T=/workspace\nexport M=$T/models\nls ${M}/a.fmu", "models/a.fmu"),
        (": ${D:=/workspace/data/d}\nls $D", "data/d"),
        ("java -jar \\\n  /workspace/tools/t.jar", "tools/t.jar"),
    ],
)
def test_assets_are_found_by_their_paths(tmp_path: Path, text: str, reference: str) -> None:
    twin = infer(tmp_path, {"lifecycle/execute": f"#!/bin/sh\n{text}\n"}).twin
    assert [use.asset for use in twin.uses.values()] == [reference]


def test_relative_paths_of_a_common_twin_lead_to_common_assets(tmp_path: Path) -> None:
    files = {"lifecycle/execute": "#!/bin/sh\nls ../../models/a.fmu\n"}
    twin = infer_twin(write(tmp_path / "common" / "digital_twins" / "tank", files)).twin
    assert [use.asset for use in twin.uses.values()] == ["common/models/a.fmu"]


def test_paths_of_another_layout_are_noticed_and_no_assets(tmp_path: Path) -> None:
    line = "ls /workspace/examples/models/a.fmu"
    inferred = infer(tmp_path, {"lifecycle/execute": f"#!/bin/sh\n{line}\n"})
    assert inferred.twin.uses == {}
    assert "below /workspace/examples" in noticed(inferred)[0]


def test_a_described_twin_is_never_inferred(tmp_path: Path) -> None:
    folder = write(tmp_path / "tank", {"lifecycle/execute": "#!/bin/sh\nls\n"})
    assert not open_twin(folder).is_described
    (folder / "twin.yaml").write_text("format: 1\nname: mine\nphases: {execute: ls}\n")
    described = open_twin(folder)
    assert (described.is_described, described.twin.name) == (True, "mine")
    assert open_twin(folder / "twin.yaml").folder == folder


def test_a_broken_description_is_an_error_and_not_inferred_around(tmp_path: Path) -> None:
    folder = write(tmp_path / "tank", {"twin.yaml": "format: 1\n"})
    with pytest.raises(TwinError, match="name"):
        open_twin(folder)
    (folder / "twin.yaml").unlink()
    (folder / "twin.yaml").symlink_to("nowhere")
    with pytest.raises(TwinError, match="does not exist"):
        open_twin(folder)


def test_nothing_of_a_file_elsewhere_is_shown_by_a_link_to_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2: is the password\n")
    folder = write(tmp_path / "tank", {"parts/twin.yaml": "format: 1\nname: t\nphases: {a: ls}\n"})
    (folder / "twin.yaml").symlink_to(tmp_path / "secret")
    with pytest.raises(TwinError, match="leads out of the folder") as caught:
        open_twin(folder)
    assert "hunter2" not in str(caught.value)
    (folder / "twin.yaml").unlink()
    (folder / "twin.yaml").symlink_to("parts/twin.yaml")
    assert open_twin(folder).is_described


def test_what_is_no_folder_is_no_twin(tmp_path: Path) -> None:
    with pytest.raises(TwinError, match="this is no folder; give the folder of a twin"):
        infer_twin(tmp_path / "nowhere")
    with pytest.raises(TwinError, match="does not exist"):
        open_twin(tmp_path / "nowhere")


def test_a_folder_with_nothing_but_notebooks_runs_the_first(tmp_path: Path) -> None:
    twin = infer(tmp_path, {"Pump Analysis.ipynb": "{}", "Zero.ipynb": "{}", "in/a.csv": "a\n"})
    execute = twin.twin.phases["execute"]
    assert execute.command is not None
    assert execute.command[-1] == "./Pump Analysis.ipynb"
    assert execute.outputs == ("output/*.ipynb",)
    assert twin.twin.environment.packages == ("nbconvert", "ipykernel")
    why = "no script, but the notebook 'Pump Analysis.ipynb', the first of 2"
    assert reason(twin, "phases", "execute", "command") == (why, "unsure")
