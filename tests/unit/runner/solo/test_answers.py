"""The interface of DTaaS's runner, code by code and body by body; `run` beside it is the truth."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient
from twinhub_runner.solo.answers import make_application
from twinhub_runner.solo.choices import ChoiceError, read_scripts, read_twin
from twinhub_runner.solo.running import Commands

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.heavy  # real processes

INVALID = {"message": "Validation Failed", "error": "Bad Request", "statusCode": 400}
SCRIPTS = {
    "create": "#!/bin/sh\necho hello world\n",
    "execute": "#!/bin/sh\necho half; echo why >&2; exit 7\n",
    "wait": "#!/bin/sh\necho up; until [ -e go ]; do sleep 0.05; done\n",
    "sudo": "#!/bin/sh\ncommand -v sudo || true\n",
    "tee": "#!/bin/bash\nsh -c 'echo step; exit 3' | tee log\n",
    "plain": "echo no interpreter\n",
}


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    scripts = tmp_path / "script"
    scripts.mkdir()
    for name, text in SCRIPTS.items():
        (scripts / name).write_text(text)
        (scripts / name).chmod(0o755)
    (scripts / "locked").write_text("#!/bin/sh\n")
    (tmp_path / "runner.yaml").write_text(
        "port: 5000\nlocation: script\n"
        "commands: [create, execute, wait, sudo, tee, plain, locked, missing]\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(name="client")
def _client(folder: Path) -> Iterator[TestClient]:
    commands = Commands(read_scripts(folder / "runner.yaml"), folder / "state")
    with TestClient(make_application(commands, None), base_url="http://127.0.0.1:5000") as client:
        yield client


def without_run(body: dict[str, Any]) -> dict[str, Any]:
    """Return what DTaaS's runner would have answered."""
    return {name: value for name, value in body.items() if name != "run"}


def test_nothing_has_run_yet(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert without_run(answer.json()) == {
        "name": "none", "status": "invalid", "logs": {"stdout": "", "stderr": ""},
    }  # fmt: skip
    assert client.get("/history").json() == []


def test_command_is_answered_when_it_has_ended_and_its_output_is_there(client: TestClient) -> None:
    answer = client.post("/", json={"name": "create"})
    assert (answer.status_code, without_run(answer.json())) == (200, {"status": "success"})
    assert answer.json()["run"]["exit_code"] == 0

    assert without_run(client.get("/").json()) == {
        "name": "create", "status": "valid", "logs": {"stdout": "hello world", "stderr": ""},
    }  # fmt: skip


def test_sudo_of_a_machine_of_ones_own_is_its_own(client: TestClient) -> None:
    assert client.post("/", json={"name": "sudo"}).status_code == 200
    stdout = client.get("/").json()["logs"]["stdout"]
    assert "twinhub_agent" not in stdout


@pytest.mark.parametrize(
    "name", ["execute", "clean", "missing", "locked", "plain", "", "../script/create"]
)
def test_what_fails_or_cannot_be_run_is_an_invalid_command(client: TestClient, name: str) -> None:
    answer = client.post("/", json={"name": name})
    assert (answer.status_code, without_run(answer.json())) == (400, {"status": "invalid command"})
    assert without_run(client.get("/").json()) == {
        "name": name, "status": "invalid", "logs": {"stdout": "", "stderr": ""},
    }  # fmt: skip


def test_truth_about_a_failed_command_is_kept(client: TestClient) -> None:
    client.post("/", json={"name": "execute"})
    run = client.get("/").json()["run"]
    assert (run["status"], run["exit_code"]) == ("failed", 7)
    assert (run["stdout"], run["stderr"]) == ("half", "why")
    assert client.post("/", json={"name": "crate"}).json()["run"]["reason"] == (
        "'crate' is not among create, execute, wait, sudo, tee, plain, locked, missing"
    )


def test_failure_that_tee_hides_is_told_beside_what_dtaas_answers(client: TestClient) -> None:
    assert client.post("/", json={"name": "tee"}).is_success
    run = client.get("/").json()["run"]
    assert (run["status"], run["exit_code"], run["stdout"]) == ("succeeded", 0, "step")
    assert "tee has hidden it" in run["reason"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"command":"create"}', "application/json"), (b'{"name":10}', "application/json"),
        (b"[]", "application/json"), (b"", "application/json"), (b"", ""),
        (b'{"name":"create"}', "text/plain"),
    ],
)  # fmt: skip
def test_body_that_asks_nothing_is_refused_and_not_in_the_history(
    client: TestClient, content: bytes, kind: str
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = client.post("/", content=content, headers=headers)
    assert (answer.status_code, answer.json()) == (400, INVALID)
    assert client.get("/history").json() == []


def test_form_with_very_many_fields_is_refused(client: TestClient) -> None:
    answer = client.post("/", data={f"field{number}": "" for number in range(1000)})
    assert (answer.status_code, answer.json()["message"]) == (400, "too many parameters")


def test_broken_json_is_said_in_the_words_of_v8(client: TestClient) -> None:
    answer = client.post("/", content=b"{name}", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {
        "message": "Expected property name or '}' in JSON at position 1", "error": "Bad Request",
        "statusCode": 400,
    })  # fmt: skip


def test_form_and_further_keys_are_taken(client: TestClient) -> None:
    assert client.post("/", data={"name": "create"}).status_code == 200
    assert client.post("/", json={"name": "create", "more": 1}).status_code == 200


def test_history_has_every_well_formed_request_in_its_order(client: TestClient) -> None:
    for name in ("create", "", "clean", "execute"):
        client.post("/", json={"name": name})
    history = client.get("/history").json()
    assert [without_run(one) for one in history] == [
        {"name": name} for name in ("create", "", "clean", "execute")
    ]
    assert [one["run"]["status"] for one in history] == [
        "succeeded", "refused", "refused", "failed",
    ]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), [("PUT", "/"), ("GET", "/x"), ("DELETE", "/history")])
def test_other_methods_and_paths_are_not_found(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()) == (404, {
        "message": f"Cannot {method} {path}", "error": "Not Found", "statusCode": 404,
    })  # fmt: skip


def test_running_command_is_shown_as_dtaas_does_and_as_it_is(
    client: TestClient, folder: Path
) -> None:
    asking = threading.Thread(target=client.post, args=("/",), kwargs={"json": {"name": "wait"}})
    asking.start()
    try:
        shown = wait_for(
            lambda: (found := client.get("/").json())["run"]
            and found["run"]["stdout"] == "up" and found,
            seconds=30, what="the command is up",
        )  # fmt: skip
        assert without_run(shown) == {
            "name": "wait", "status": "invalid", "logs": {"stdout": "", "stderr": ""},
        }  # fmt: skip
        assert shown["run"]["status"] == "running"
        assert client.post("/", json={"name": "create"}).status_code == 200  # two at once
    finally:
        (folder / "go").touch()
        asking.join()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example:5000"},
        {"Origin": "http://127.0.0.1:8000"}, {"Host": "["}, {"Origin": "http://["},
    ],
)  # fmt: skip
def test_page_of_another_site_runs_nothing(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/", data={"name": "create"}, headers=headers).status_code == 403
    assert client.get("/history", headers=headers).status_code == 403
    assert client.get("/history").json() == []
    own = {"Origin": "http://127.0.0.1:5000"}
    assert client.post("/", data={"name": "create"}, headers=own).status_code == 200


async def test_how_a_command_ends_is_noted_though_whoever_asked_has_gone(folder: Path) -> None:
    commands = Commands(read_scripts(folder / "runner.yaml"), folder / "state")
    asking = asyncio.create_task(commands.run("wait"))

    def is_up() -> bool:
        return bool(commands.history) and "up" in commands.output_of(commands.history[0])[0]

    await asyncio.to_thread(wait_for, is_up, seconds=30, what="the command is up")
    asking.cancel()
    (folder / "go").touch()
    await asyncio.to_thread(
        wait_for, lambda: commands.history[0].ended, seconds=30, what="its end is noted"
    )
    assert (commands.history[0].status, commands.history[0].exit_code) == ("succeeded", 0)


def test_token_is_asked_for(folder: Path) -> None:
    commands = Commands(read_scripts(folder / "runner.yaml"), folder / "state")
    with TestClient(make_application(commands, "secret")) as client:
        for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": "secret"}):
            assert client.get("/history", headers=headers).status_code == 401
        assert client.get("/", headers={"Authorization": "Bearer secret"}).status_code == 200


def test_phases_of_a_twin_are_its_commands(tmp_path: Path) -> None:
    (tmp_path / "twin.yaml").write_text(
        "format: 1\nname: tank\nparameters: {power: 3}\n"
        'phases: {execute: "echo ${parameters.power}"}\n'
    )
    commands = Commands(read_twin(tmp_path), tmp_path / "state")
    with TestClient(make_application(commands, None), base_url="http://127.0.0.1:5000") as client:
        assert client.post("/", json={"name": "execute"}).status_code == 200
        assert client.get("/").json()["logs"]["stdout"] == "3"
        assert client.post("/", json={"name": "clean"}).status_code == 400


def test_a_twin_builds_before_its_phase_and_keeps_nothing_of_that_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("1\n")
    (tmp_path / "twin.yaml").write_text(
        "format: 1\nname: tank\nphases: {execute: cat made}\n"
        "build: {made: {command: cp source made, inputs: [source], outputs: [made]}}\n"
    )
    commands = Commands(read_twin(tmp_path), tmp_path / "state")
    with TestClient(make_application(commands, None), base_url="http://127.0.0.1:5000") as client:
        assert client.post("/", json={"name": "execute"}).status_code == 200
        assert client.get("/").json()["logs"]["stdout"].endswith("1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("location: script\ncomands: []\n", "runner.yaml:2: there is no key 'comands'"),
        ("location: script\ncomands: []\n", "did you mean 'commands'?"),
        ("commands: []\n", "location must be the folder of the scripts"),
        ("location: script\ncommands: create\n", "commands must be a list of names of scripts"),
        ("[", "runner.yaml:1"),
    ],
)  # fmt: skip
def test_file_that_says_nothing_is_refused_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "runner.yaml").write_text(text)
    with pytest.raises(ChoiceError) as error:
        read_scripts(tmp_path / "runner.yaml")
    assert said in str(error.value)
    assert json.dumps(str(error.value))
