"""The installed `twin` as people and programs use it: in a process of its own."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fixtures.waiting import wait_for

_TWIN = str(Path(sys.executable).with_name("twin"))
_HELP_GOAL, _VALIDATE_GOAL = 0.2, 0.6
_SLACK = 10


@pytest.fixture
def tank(tmp_path: Path) -> Path:
    """A folder with a twin of some 300 lines."""
    signals = "".join(f"  s{at}:\n    unit: K\n    source: {{metric: s{at}}}\n" for at in range(98))
    text = f"format: 1\nname: tank\nphases: {{execute: ./run}}\nsignals:\n{signals}"
    (tmp_path / "twin.yaml").write_text(text)
    (tmp_path / "run").write_text("#!/bin/sh\n")
    (tmp_path / "run").chmod(0o755)
    return tmp_path


def run(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    return subprocess.run(
        [_TWIN, *arguments], cwd=folder, env=os.environ | variables,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_from_an_empty_folder_to_a_good_twin(tmp_path: Path) -> None:
    assert run("init", folder=tmp_path).returncode == 0
    file = tmp_path / "twin.yaml"
    text = file.read_text()
    start = text.index("phases:")
    file.write_text(text[:start] + "phases: {execute: python3 simulate.py, analyse: [python3]}\n")
    done = run("validate", "--strict", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "good" in done.stdout


def test_a_fault_is_found_and_its_key_explained(tank: Path) -> None:
    with (tank / "twin.yaml").open("a") as file:
        file.write("prots: {api: 80}\n")
    done = run("validate", folder=tank)
    assert done.returncode == 1
    assert "did you mean 'ports'?" in done.stdout
    assert run("explain", "ports", folder=tank).returncode == 0


def test_json_goes_to_standard_output_alone(tank: Path) -> None:
    done = run("validate", "--json", folder=tank)
    assert done.stderr == ""
    assert json.loads(done.stdout)["errors"] == 0


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
def test_any_locale_shows_any_file(tank: Path, locale: str) -> None:
    (tank / "twin.yaml").write_text("format: 1\nname: tank\ntitel: Wärmer 加热\nphases: {a: b}\n")
    done = run("validate", folder=tank, LC_ALL=locale, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (1, "")


def test_a_reader_that_ends_early_is_no_error(tank: Path) -> None:
    command = f'"{_TWIN}" show | head -n 1; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(
        ["bash", "-c", command], cwd=tank, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[0] == "format: 1"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("--help | true", ""),
        ("graph >&-", ""),
        ("validate >&- 2>&-", ""),
        ("show >/dev/full", "twin: [Errno 28] No space left on device\n"),
    ],
)
def test_output_that_goes_nowhere_leaves_no_traceback(tank: Path, command: str, said: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f'"{_TWIN}" {command}'], cwd=tank, stderr=subprocess.PIPE, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.stderr == said


def test_an_interrupt_leaves_no_traceback(tmp_path: Path) -> None:
    """It comes while the command waits for a shell that reads nothing of its output."""
    keys = "".join(f"  p{at}: 1\n" for at in range(9000))
    (tmp_path / "twin.yaml").write_text(
        f"format: 1\nname: tank\nphases: {{execute: a}}\nparameters:\n{keys}"
    )
    with subprocess.Popen(
        [_TWIN, "show"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:

        def is_blocked() -> bool:
            return "pipe_write" in Path(f"/proc/{process.pid}/wchan").read_text()

        def may_be_blocked() -> bool:
            return is_blocked() or process.poll() is not None

        wait_for(may_be_blocked, seconds=60, what="the output to fill the pipe")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert said == "twin: interrupted\n"
    assert process.returncode == 130


def test_a_terminal_gets_colours_unless_it_wants_none(tank: Path) -> None:
    (tank / "twin.yaml").write_text("format: 1\n")

    def shown(**variables: str) -> str:
        ours, theirs = pty.openpty()
        environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        with subprocess.Popen(
            [_TWIN, "validate"], cwd=tank, stdout=theirs, stderr=theirs,
            env=environment | {"TERM": "xterm"} | variables,
        ) as process:  # fmt: skip
            os.close(theirs)
            process.wait(60)
        text = os.read(ours, 65536).decode()
        os.close(ours)
        return text

    assert "\x1b[31;1merror:\x1b[0m" in shown()
    assert "\x1b" not in shown(NO_COLOR="1")


def _seconds(*arguments: str, folder: Path) -> float:
    """The least of three times, since other work may come between."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        run(*arguments, folder=folder)
        times.append(time.perf_counter() - start)
    return min(times)


def test_help_and_a_check_come_at_once(tank: Path) -> None:
    assert _seconds("--help", folder=tank) < _HELP_GOAL * _SLACK
    assert _seconds("validate", folder=tank) < _VALIDATE_GOAL * _SLACK
