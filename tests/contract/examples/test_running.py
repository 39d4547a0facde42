"""What can be run of the examples here does what it says."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.contract.examples.folders import make_library, with_port
from tests.contract.examples.running import Run, answers
from tests.fixtures.requirements import missing
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def twins(tmp_path: Path) -> Path:
    """The examples in a library of their own."""
    return make_library(tmp_path) / "digital_twins"


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_the_smallest_prints_a_metric_for_each_minute(twins: Path) -> None:
    lines = Run(twins / "smallest").phase("execute").splitlines()
    assert len(lines) == 10
    assert lines[-1] == "temperature=48.67"


def test_processes_wait_for_each_other_and_one_ends_the_run(twins: Path, free_port: int) -> None:
    run = Run(with_port(twins / "processes", 18080, free_port), {"samples": 7})
    run.phase("create")
    printed = run.processes("execute")
    assert printed["recorder"] == "7 samples recorded\n"
    assert printed["store"].endswith("store ends with 7 samples\n")
    assert len((run.folder / "output" / "samples.csv").read_text().splitlines()) == 8
    run.phase("clean")
    assert not (run.folder / "output").exists()


@pytest.mark.parametrize("compiler", ["python3 -m ziglang cc", "cc"])
def test_a_model_is_built_and_runs(twins: Path, compiler: str) -> None:
    if compiler == "cc" and shutil.which("cc") is None:
        missing("there is no C compiler", "sh tests/setup.sh")
    run = Run(twins / "cached-build", {"gain": 0.25})
    run.build("model", f"CC={compiler.replace('python3', sys.executable)}")
    assert "is up to date" in run.build("model", f"CC={compiler}")
    assert run.phase("execute") == "y=2.500\n"
    assert (run.folder / "output" / "result.csv").read_text().startswith("time,y\n")


def test_a_secret_is_in_the_rendered_files_and_nowhere_else(twins: Path) -> None:
    secrets = {"broker_password": "hunter2", "historian_token": "t0ken"}
    plant = {"host": "broker.example.org", "port": "8883", "username": "tank"}
    services = {f"plant.{name}": value for name, value in plant.items()}
    services |= {"influxdb.url": "http://influx:8086", "influxdb.bucket": "ann-measurements"}
    run = Run(twins / "plant-broker", known={"secrets": secrets, "services": services})
    bridge, token, show = run.render()
    assert "password = hunter2" in bridge.read_text("utf-8")
    assert token.read_text("utf-8") == "t0ken\n"
    assert "# ${HOME} is the shell's" in show.read_text("utf-8")
    assert run.phase("create") == "plant-broker reads broker.example.org every 5 s\n"
    with run.start("execute") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
    assert line == "from tank@broker.example.org:8883 to bucket ann-measurements\n"
    assert process.returncode == 0
    visible = json.dumps({k: v for k, v in run.resolved.data.items() if k != "files"})
    assert "hunter2" not in visible


def test_a_service_answers_at_its_port_as_its_commands_say(twins: Path, free_port: int) -> None:
    run = Run(with_port(twins / "live-service", 8085, free_port))
    http = run.resolved.data["commands"]["set_position"]["effect"]["http"]
    with run.start("execute") as process:
        try:
            wait_for(lambda: answers(free_port, "/health"), seconds=30, what="the service")
            body = http["body"].replace("${arguments.position}", "40").encode()
            address = f"http://127.0.0.1:{free_port}{http['path']}"
            request = urllib.request.Request(address, data=body, method=http["method"])
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own port
                assert json.load(answer) == {"position": 40.0}
        finally:
            process.terminate()
        assert process.stdout is not None
        assert process.stdout.read() == "position=40\nmoved=1\n"


def test_a_recording_is_replayed_marked_and_learnt_from(twins: Path) -> None:
    run = Run(twins / "replay", {"limit": 0.02})
    assert "state=done" in run.phase("execute")
    run.effect("mark", text="leak")
    assert (run.folder / "output" / "marks.txt").read_text() == "leak\n"
    for phase in ("save", "evolve", "analyse"):
        run.phase(phase)
    assert float((run.folder / "state" / "limit.txt").read_text()) > 0.01


def test_a_robot_drives_along_a_path_of_its_team(twins: Path) -> None:
    run = Run(twins / "robot", {"speed": 100})
    assert run.phase("execute") == "5 points, 400 mm, 4.0 s\n"
    assert run.effect("halt") == run.phase("terminate") == "the arm stands still\n"


def test_a_system_of_ssp_is_read_as_it_stands(twins: Path) -> None:
    folder = twins / "two-cosimulations"
    known = {"cosimulations": {"ssp": str(folder / "cosim" / "system.ssd")}}
    assert Run(folder, known=known).phase("exchange").splitlines() == [
        "controller.P -> tank.P",
        "tank.T_sensor -> controller.T_measured",
    ]


@pytest.mark.parametrize(("phase", "printed"), [("execute", "load=9000\n")])
def test_a_plant_prints_its_load(twins: Path, phase: str, printed: str) -> None:
    assert Run(twins / "twin-of-twins").phase(phase) == printed
