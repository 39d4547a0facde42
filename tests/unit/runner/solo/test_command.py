"""The command `twin serve`, as a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import httpx
import pytest
from twinhub_api.cli.main import main

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.heavy  # real processes

SECONDS = 30


@pytest.fixture(name="twin")
def _twin(tmp_path: Path) -> Path:
    (tmp_path / "twin.yaml").write_text(
        "format: 1\nname: tank\nphases:\n  execute: echo running\n"
        '  wait: {script: "echo $$ > pid.new; mv pid.new pid; exec sleep 600\\n"}\n'
    )
    return tmp_path


@contextlib.contextmanager
def serving(
    *arguments: str, stderr: int | None = None
) -> Iterator[tuple[str, str, subprocess.Popen[str]]]:
    """Run the command; yield its address, the token that it prints, and the process."""
    command = [sys.executable, "-m", "twinhub_api.cli.main", "serve", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            is_anonymous = "--allow-anonymous" in arguments or "--token-file" in arguments
            token = "" if is_anonymous else process.stdout.readline().split()[-1]
            yield address, token, process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS)


def test_it_asks_for_the_token_that_it_prints(twin: Path) -> None:
    with serving(str(twin)) as (address, token, _):
        assert address.startswith("http://127.0.0.1:")
        assert httpx.get(address, trust_env=False).status_code == 401
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.post(address, json={"name": "execute"}, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()["status"]) == (200, "success")


def test_it_asks_for_the_token_of_a_file_and_does_not_print_it(twin: Path) -> None:
    (twin / "token").write_text("0123456789abcdef0123\n")
    with serving(str(twin), "--token-file", str(twin / "token")) as (address, _, _process):
        headers = {"Authorization": "Bearer 0123456789abcdef0123"}
        assert httpx.get(address, headers=headers, trust_env=False).status_code == 200


def test_it_says_what_can_be_asked_for_and_which_scripts_cannot_be_run(tmp_path: Path) -> None:
    (tmp_path / "runner.yaml").write_text("location: .\ncommands: [create, missing]\n")
    script = tmp_path / "create"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    config = ("--config", str(tmp_path / "runner.yaml"), "--allow-anonymous")
    with serving(*config, stderr=subprocess.STDOUT) as (_, _, process):
        assert process.stdout is not None
        assert process.stdout.readline() == "Commands: create, missing\n"
        assert f"twin: {tmp_path}/missing cannot be run" in process.stdout.readline()


def test_its_end_ends_what_it_runs(twin: Path) -> None:
    with serving(str(twin), "--allow-anonymous") as (address, _, process):

        def ask() -> None:
            with contextlib.suppress(httpx.HTTPError):
                httpx.post(address, json={"name": "wait"}, trust_env=False, timeout=SECONDS)

        asking = threading.Thread(target=ask)
        asking.start()
        wait_for((twin / "pid").exists, seconds=SECONDS, what="the phase runs")
        process.send_signal(signal.SIGTERM)
        process.wait(SECONDS)
        asking.join()
    with pytest.raises(ProcessLookupError):
        os.kill(int((twin / "pid").read_text()), 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--allow-anonymous", "--address", "0.0.0.0"], "can be reached by others"),  # noqa: S104 - refused
        (["--token-file", "nothing"], "--token-file: nothing cannot be read"),
        (["--address", "here"], "'here' is no address"),
        (["--port", "70000"], "--port: 70000 cannot be used"),
        (["--config", "nothing.yaml"], "nothing.yaml"),
        (["--token-file", "nothing", "nowhere"], "nowhere does not exist: name the folder of"),
    ],
)
def test_wrong_use_is_said_with_exit_code_2(
    twin: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    folder = [] if arguments[-1] == "nowhere" else [str(twin)]
    assert main(["serve", *folder, *arguments]) == 2
    assert said in capsys.readouterr().err
