"""Secrets are given by each person for one twin, reach its runs, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient
from twinhub_runner.backends.process import ProcessBackend
from twinhub_runner.forgetting import forget_person
from twinhub_runner.leaving import forget_gone_groups
from twinhub_runner.main import make_runner_application
from twinhub_runner.runner import open_runner
from twinhub_runner.settings import RunnerSettings

from tests.fixtures.serving_runner import IDENTITY
from tests.unit.runner.asking import submit, texts, wait_for_status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_runner.runner import Runner

pytestmark = pytest.mark.heavy  # real sandboxes
VALUE = "sword/fish 4711"
TWIN = """\
format: 1
name: bridge
secrets: {broker: Password of the broker}
parameters: {power: {default: 3}, note: {type: text, default: plain}}
services:
  plant:
    kind: mqtt
    external: {url: "mqtts://broker.example.org:8883", username: tank, secret: broker}
files:
  - {render: bridge.ini, to: config/bridge.ini}
  - {text: "power=${parameters.power} $${x.y} ${parameters.note}", to: config/plain.txt}
phases:
  execute:
    outputs: ["config/*", used]
    script: |
      cat config/plain.txt; echo
      stat -L -c %a config/bridge.ini; readlink config/bridge.ini
      . ./config/bridge.ini
      echo "user $username at $host, password $password"
      printf %s "$password" | base64
      [ "${#password}" = 15 ] && echo right >used
      env | grep -c "$password" || true
  wait: {script: "echo up; until [ -e go ]; do sleep 0.05; done\\n"}
  clean: {script: "ls -A config\\n"}
"""
TEMPLATE = "host=${services.plant.host}\nusername=tank\npassword='${services.plant.password}'\n"
ALICE, BOB = "alice", "bob"
OWN, TEAM = "alice/digital_twins/bridge", "teams/pumps/digital_twins/bridge"


@pytest.fixture(name="runner")
def _runner(tmp_path: Path) -> Iterator[Runner]:
    root = tmp_path / "assets"
    for place in (OWN, TEAM):
        (root / place).mkdir(parents=True)
        (root / place / "twin.yaml").write_text(TWIN)
        (root / place / "bridge.ini").write_text(TEMPLATE)
    (root / "bob").mkdir()
    settings = RunnerSettings(root, tmp_path / "state")
    backend = ProcessBackend(settings.runs)
    with open_runner(settings, backend) as runner:
        yield runner
    for name in backend.list_names():
        backend.remove(name)


@pytest.fixture(name="alice")
def _alice(runner: Runner) -> Iterator[TestClient]:
    application = make_runner_application(runner, IDENTITY)
    with TestClient(application, headers={"Authorization": "token token-of-alice"}) as client:
        yield client


def as_bob(alice: TestClient) -> TestClient:
    """Return what bob asks with."""
    client = TestClient(alice.app, headers={"Authorization": "token token-of-bob"})
    client.portal = alice.portal
    return client


def give(client: TestClient, twin: str = "bridge", value: str = VALUE) -> None:
    """Give the secret of a twin."""
    body = {"twin": twin, "name": "broker", "value": value}
    answer = client.put("/api/secrets", json=body)
    assert answer.status_code == 204, answer.text


def run(client: TestClient, phase: str = "execute", **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Run a phase to its end."""
    made = submit(client, **{"twin": "bridge", "phases": [phase], **asked})[0]
    return wait_for_status(client, made["id"], "succeeded", "failed", "stopped", "lost")


@pytest.mark.d4(68)
def test_twin_finds_its_secret_in_a_file_in_memory_and_nobody_finds_it_elsewhere(
    alice: TestClient, tmp_path: Path
) -> None:
    give(alice)
    ended = run(alice)
    assert ended["status"] == "succeeded", ended["reason"]
    said = texts(alice, ended["id"])
    assert said[:3] == ["power=3 ${x.y} plain", "600", "/dev/shm/twinhub-secrets/0"]  # noqa: S108
    assert said[3:] == ["user tank at broker.example.org, password ***", "***", "0"]
    kept = [one["path"] for one in alice.get(f"/api/runs/{ended['id']}/artefacts").json()["items"]]
    assert kept == ["config/plain.txt", "used"]
    for what in ("", "/events", "/provenance", "/log"):
        assert "fish" not in alice.get(f"/api/runs/{ended['id']}{what}").text
    assert "fish" not in alice.get("/api/secrets").text
    for file in (one for one in tmp_path.rglob("*") if one.is_file()):
        assert b"fish" not in file.read_bytes(), file
    assert texts(alice, run(alice, "clean")["id"]) == ["plain.txt"]


def test_run_without_its_secret_is_refused_with_the_command_that_gives_it(
    alice: TestClient,
) -> None:
    answer = alice.post("/api/runs", json={"twin": "bridge"})
    assert (answer.status_code, answer.json()["code"]) == (409, "missing-secret")
    assert f"`twin secret set {OWN} broker`" in answer.json()["detail"]
    assert run(alice, "clean")["status"] in {"succeeded", "failed"}, "asks for none"


def test_secret_is_listed_without_its_value_and_forgotten(alice: TestClient) -> None:
    listed = alice.get("/api/secrets", params={"twin": "bridge"}).json()["items"]
    assert listed == [
        {"twin": OWN, "name": "broker", "description": "Password of the broker", "set_at": None}
    ]
    give(alice)
    assert alice.get("/api/secrets").json()["items"][0]["set_at"] is not None
    wanted = {"twin": "bridge", "name": "broker"}
    assert alice.delete("/api/secrets", params=wanted).status_code == 204
    assert alice.delete("/api/secrets", params=wanted).status_code == 404
    assert alice.get("/api/secrets").json()["items"] == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"name": "broker", "value": "abc"}, "4 to 16,384 bytes"),
        ({"name": "brocker", "value": VALUE}, "Did you mean 'broker'?"),
        ({"name": "broker", "value": "x" * 20_000}, "body.value"),
    ],
)
def test_what_cannot_be_a_secret_is_refused_without_repeating_it(
    alice: TestClient, body: dict[str, str], says: str
) -> None:
    answer = alice.put("/api/secrets", json={"twin": "bridge", **body})
    assert answer.status_code == 422
    assert says in answer.text
    assert body["value"] not in answer.text


def test_each_member_of_a_team_gives_their_own(alice: TestClient) -> None:
    give(alice, TEAM)
    bob = as_bob(alice)
    assert bob.get("/api/secrets").json()["items"] == []
    assert bob.post("/api/runs", json={"twin": TEAM}).status_code == 409
    assert run(alice, twin=TEAM)["status"] == "succeeded"
    assert alice.post("/api/runs", json={"twin": "bridge"}).status_code == 409, "another twin"


def test_secrets_for_a_team_go_with_its_group_though_nothing_has_run(
    alice: TestClient, runner: Runner
) -> None:
    give(alice, TEAM)
    give(alice)
    forget_gone_groups(runner, lambda _: True)
    assert len(alice.get("/api/secrets").json()["items"]) == 2
    forget_gone_groups(runner, lambda name: name != "pumps")
    assert [one["twin"] for one in alice.get("/api/secrets").json()["items"]] == [OWN]


def test_row_that_is_moved_to_another_person_opens_nothing(
    alice: TestClient, runner: Runner
) -> None:
    give(alice, TEAM)
    row = runner.secrets.table.list_of(ALICE)[0]
    runner.secrets.table.put(BOB, TEAM, "broker", row.sealed)
    ended = run(as_bob(alice), twin=TEAM)
    assert (ended["status"], "needs what you have not given" in ended["reason"]) == ("failed", True)


def test_secret_that_is_removed_while_a_run_waits_fails_it(
    alice: TestClient, runner: Runner
) -> None:
    give(alice)
    first = submit(alice, twin="bridge", phases=["wait"])[0]
    wait_for_status(alice, first["id"], "running")
    second = submit(alice, twin="bridge", phases=["execute"])[0]
    runner.secrets.remove(ALICE, OWN, "broker")
    alice.post(f"/api/runs/{first['id']}/kill")
    ended = wait_for_status(alice, second["id"], "failed", "succeeded")
    assert "twin secret set" in ended["reason"]


def test_secrets_go_with_their_owner(alice: TestClient, runner: Runner) -> None:
    give(alice)
    forget_person(runner, ALICE)
    assert runner.secrets.table.list_of(ALICE) == []


def test_value_that_names_a_secret_stays_in_memory(alice: TestClient) -> None:
    give(alice)
    ended = run(alice, parameters={"note": "${secrets.broker}"})
    assert texts(alice, ended["id"])[0] == "power=3 ${x.y} ${secrets.broker}"
    assert json.dumps(ended).count("fish") == 0
