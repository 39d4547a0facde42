"""Runs over the runner's own interface, in real sandboxes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from starlette.websockets import WebSocketDisconnect
from twinhub_runner.queueing import Caps
from twinhub_runner.settings import RunnerSettings
from twinhub_runner.store.runs import RunTable

from tests.fixtures.serving import served_folder
from tests.fixtures.waiting import wait_for
from tests.unit.runner.asking import SECONDS, asked_as, submit, texts, wait_for_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx
    from starlette.testclient import TestClient

    Client = Callable[[str], TestClient]

pytestmark = pytest.mark.heavy  # real sandboxes

TWIN = """\
format: 1
name: tank
parameters: {power: {default: 3, minimum: 0, maximum: 9}, level: 1}
scenarios: {cold: {parameters: {power: 1}}}
phases:
  create: {script: "echo made > made.txt\\n"}
  execute: {script: "echo power $POWER; exit $POWER\\n", variables: {POWER: "${parameters.power}"}}
  live:
    script: "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done\\n"
    live: true
  retried: {script: "echo try; [ -e tried ] || { touch tried; exit 1; }\\n", retries: 1}
  wait: {script: "until [ -e go ]; do sleep 0.05; done\\n"}
"""
WORDS = """\
format: 1
name: words
parameters: {label: {type: text, default: plain}}
phases:
  argv: {command: [printf, "[%s]\\n", "${parameters.label}"]}
  variable: {script: 'printf "[%s]\\n" "$LABEL"', variables: {LABEL: "${parameters.label}"}}
"""


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    root = tmp_path / "assets"
    for place in ("alice", "teams/pumps", "common"):
        folder = root / place / "digital_twins" / "tank"
        folder.mkdir(parents=True)
        (folder / "twin.yaml").write_text(TWIN)
    (root / "bob").mkdir()
    (root / "carol").mkdir()
    (root / "alice/common").mkdir()
    return root


@pytest.fixture(name="caps")
def _caps() -> Caps:
    return Caps()


@pytest.fixture(name="client_of")
def _client_of(root: Path, tmp_path: Path, caps: Caps) -> Iterator[Client]:
    settings = RunnerSettings(root, tmp_path / "state", caps=caps)
    with asked_as(settings) as client_of:
        yield client_of


def heard_by_socket(client: TestClient, run: str) -> tuple[list[dict[str, Any]], int]:
    """Return all messages of the WebSocket of a log, and the code that it was closed with."""
    messages: list[dict[str, Any]] = []
    with client.websocket_connect(f"/api/runs/{run}/log/socket") as socket:
        try:
            while True:
                messages.append(socket.receive_json())
        except WebSocketDisconnect as end:
            return messages, end.code


def test_phase_runs_and_its_history_and_log_are_kept(client_of: Client) -> None:
    alice = client_of("alice")
    (run,) = submit(alice, parameters={"power": 0})
    ended = wait_for_status(alice, run["id"], "succeeded", "failed")

    assert (ended["status"], ended["exit_code"], ended["phase"]) == ("succeeded", 0, "execute")
    assert texts(alice, run["id"]) == ["power 0"]
    events = alice.get(f"/api/runs/{run['id']}/events").json()["items"]
    assert [one["after"] for one in events] == [
        "waiting", "preparing", "starting", "running", "succeeded",
    ]  # fmt: skip
    assert (events[0]["who"], events[-1]["who"]) == ("alice", "runner")


def test_status_of_a_failed_phase_is_told_with_its_output(client_of: Client) -> None:
    alice = client_of("alice")
    (run,) = submit(alice, scenario="cold")
    ended = wait_for_status(alice, run["id"], "succeeded", "failed")

    assert (ended["status"], ended["exit_code"]) == ("failed", 1)
    assert ended["reason"].startswith("It ended with status 1.")
    assert texts(alice, run["id"]) == ["power 1"]


def test_a_phase_that_fails_without_create_before_it_is_told_so(client_of: Client) -> None:
    alice = client_of("alice")
    (run,) = submit(alice, scenario="cold")
    ended = wait_for_status(alice, run["id"], "failed")
    twin = "alice/digital_twins/tank"
    remedy = f"{twin} has not been created: `twin run {twin} create execute`."
    assert ended["reason"] == f"It ended with status 1. {remedy}"

    runs = submit(alice, scenario="cold", phases=["create", "execute"])
    ended = wait_for_status(alice, runs[1]["id"], "failed")
    assert ended["reason"] == "It ended with status 1."


def test_a_phase_that_takes_too_long_is_told_its_limit_and_the_key(
    client_of: Client, root: Path
) -> None:
    file = root / "alice/digital_twins/tank/twin.yaml"
    file.write_text(
        "format: 1\nname: tank\nphases: {execute: {command: sleep 60, time_limit: 1s}}\n"
    )
    alice = client_of("alice")
    (run,) = submit(alice)
    ended = wait_for_status(alice, run["id"], "failed")
    assert (
        ended["reason"]
        == "The time limit of 1 s is over: `time_limit` of the phase sets another one."
    )


@pytest.mark.parametrize(
    ("asked", "status", "detail"),
    [
        ({"phases": ["excute"]}, 422, "has no phase 'excute': it has create, execute, "),
        ({"phases": ["excute"]}, 422, "Did you mean 'execute'?"),
        ({"scenario": "colt"}, 422, "there is no scenario 'colt'; did you mean 'cold'?"),
        ({"parameters": {"power": 12}}, 422, "power: 12 is too large; give at most 9"),
        ({"parameters": {"powr": 1}}, 422, "there is no parameter 'powr'; did you mean 'power'?"),
        ({"twin": "tnk"}, 404, "There is no twin tnk."),
        ({"twin": "bob/digital_twins/tank"}, 404, "There is no twin bob/digital_twins/tank."),
        ({"twin": "../tank"}, 404, "There is no twin ../tank."),
    ],
)  # fmt: skip
def test_what_nothing_can_run_is_refused_at_once(
    client_of: Client, asked: dict[str, Any], status: int, detail: str
) -> None:
    answer = client_of("alice").post("/api/runs", json={"twin": "tank", **asked})
    assert answer.status_code == status
    assert detail in answer.json()["detail"]


def test_phases_of_a_chain_come_one_after_the_other_and_end_with_the_first_failure(
    client_of: Client,
) -> None:
    alice = client_of("alice")
    first, second, third = submit(alice, phases=["create", "execute", "wait"])

    assert wait_for_status(alice, second["id"], "failed", "succeeded")["status"] == "failed"
    last = wait_for_status(alice, third["id"], "stopped")
    assert last["reason"] == "The phase execute before it has failed."
    assert alice.get(f"/api/runs/{first['id']}").json()["status"] == "succeeded"


def test_live_run_is_stopped_as_it_wishes(client_of: Client) -> None:
    alice = client_of("alice")
    (run,) = submit(alice, phases=["live"])
    wait_for(lambda: texts(alice, run["id"]) == ["up"], seconds=SECONDS, what="it is up")
    assert alice.post(f"/api/runs/{run['id']}/stop").status_code == 202

    assert wait_for_status(alice, run["id"], "stopped")["reason"] == "It was stopped."
    assert texts(alice, run["id"])[-1] == "bye"


def test_run_that_is_killed_is_stopped(client_of: Client) -> None:
    alice = client_of("alice")
    (run,) = submit(alice, phases=["live"])
    wait_for_status(alice, run["id"], "running")
    alice.post(f"/api/runs/{run['id']}/kill")
    assert wait_for_status(alice, run["id"], "stopped")["reason"] == "It was killed."


def test_failed_phase_is_tried_again_as_often_as_it_wishes(client_of: Client) -> None:
    alice = client_of("alice")
    (run,) = submit(alice, phases=["retried"])
    ended = wait_for_status(alice, run["id"], "succeeded", "failed")
    assert (ended["status"], ended["attempt"]) == ("succeeded", 2)


def test_second_run_of_a_twin_in_place_waits_and_says_for_what(client_of: Client) -> None:
    alice = client_of("alice")
    (first,), (second,) = submit(alice, phases=["wait"]), submit(alice, phases=["create"])
    wait_for_status(alice, first["id"], "running")
    why = wait_for(
        lambda: alice.get(f"/api/runs/{second['id']}").json()["reason"],
        seconds=SECONDS, what="a reason",
    )  # fmt: skip
    assert why == f"alice/digital_twins/tank is used by the run {first['id']}"
    alice.post(f"/api/runs/{first['id']}/stop")
    assert wait_for_status(alice, second["id"], "succeeded")


@pytest.mark.d4(47)
def test_same_key_is_the_same_run(client_of: Client) -> None:
    alice, bob = client_of("alice"), client_of("bob")
    headers = {"Idempotency-Key": "k1"}
    asked = {"twin": "teams/pumps/digital_twins/tank", "phases": ["create", "execute"]}
    first = alice.post("/api/runs", json=asked, headers=headers).json()
    again = alice.post("/api/runs", json=asked, headers=headers).json()
    other = bob.post("/api/runs", json=asked, headers=headers).json()

    assert [one["id"] for one in again["runs"]] == [one["id"] for one in first["runs"]]
    assert {one["id"] for one in other["runs"]}.isdisjoint(one["id"] for one in first["runs"])


def test_key_is_of_one_request_though_a_phase_is_twice_in_it(client_of: Client) -> None:
    alice, headers = client_of("alice"), {"Idempotency-Key": "k2"}
    asked: dict[str, Any] = {"twin": "tank", "phases": ["create", "create"]}
    first, again = (alice.post("/api/runs", json=asked, headers=headers) for _ in range(2))
    assert (first.status_code, len(first.json()["runs"])) == (202, 2)
    assert _ids(again) == _ids(first)
    other = alice.post("/api/runs", json=asked | {"parameters": {"power": 1}}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "key-used")
    assert first.json()["runs"][0]["id"] in other.json()["detail"]


def test_order_of_parameters_makes_no_other_request(client_of: Client) -> None:
    alice, headers = client_of("alice"), {"Idempotency-Key": "k4"}
    values = {"power": 3, "level": 2}
    first, again = (
        alice.post("/api/runs", json={"twin": "tank", "parameters": one}, headers=headers)
        for one in (values, dict(reversed(values.items())))
    )
    assert first.status_code == 202, first.text
    assert _ids(again) == _ids(first)


def test_other_request_with_a_key_is_refused_though_both_come_at_once(
    client_of: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunTable, "list_asked", lambda *_: [])  # as neither sees the other's
    alice, headers = client_of("alice"), {"Idempotency-Key": "k5"}
    statuses = [
        alice.post("/api/runs", json={"twin": "tank", "parameters": one}, headers=headers)
        for one in ({"power": 3}, {"power": 4}, {"power": 3})
    ]
    assert [one.status_code for one in statuses] == [202, 422, 202]
    assert _ids(statuses[2]) == _ids(statuses[0])


def _ids(answer: httpx.Response) -> list[str]:
    return [one["id"] for one in answer.json()["runs"]]


@pytest.mark.d4(46)
def test_values_reach_programs_as_they_are_and_no_shell(client_of: Client, root: Path) -> None:
    folder, value = root / "alice/digital_twins/words", "$(touch pwned) `id`; 'a' \"b\" | & \\ -n"
    folder.mkdir()
    (folder / "twin.yaml").write_text(WORDS)
    alice = client_of("alice")
    for phase in ("argv", "variable"):
        (run,) = submit(alice, twin="words", phases=[phase], parameters={"label": value})
        wait_for_status(alice, run["id"], "succeeded")
        assert texts(alice, run["id"])[-1] == f"[{value}]"


def test_run_of_a_team_is_its_members_to_see_and_nobody_else_s(client_of: Client) -> None:
    alice, bob, carol = map(client_of, ("alice", "bob", "carol"))
    (run,) = submit(alice, twin="teams/pumps/digital_twins/tank")
    (own,) = submit(alice)

    assert bob.get(f"/api/runs/{run['id']}").status_code == 200
    assert bob.get(f"/api/runs/{own['id']}").status_code == 404
    assert carol.get(f"/api/runs/{run['id']}").status_code == 404
    assert carol.post(f"/api/runs/{run['id']}/stop").status_code == 404
    assert [one["id"] for one in bob.get("/api/runs").json()["items"]] == [run["id"]]
    assert carol.get("/api/runs").json()["items"] == []
    assert client_of("nobody").get("/api/runs").status_code == 401


def test_log_is_followed_to_its_end(client_of: Client) -> None:
    alice = client_of("alice")
    (run,) = submit(alice, parameters={"power": 0})
    with alice.stream("GET", f"/api/runs/{run['id']}/log/follow") as answer:
        events = "".join(answer.iter_text())
    assert '"process":"main","stream":"o","text":"power 0","goes_on":false}\n' in events
    assert events.endswith("event: end\ndata:\n\n")
    start = int(events.split("id: 1-")[1].split("\n")[0])
    assert alice.get(f"/api/runs/{run['id']}/log", params={"start": start}).text == ""


def test_log_is_followed_over_all_tries(client_of: Client) -> None:
    alice = client_of("alice")
    (run,) = submit(alice, phases=["retried"])
    with alice.stream("GET", f"/api/runs/{run['id']}/log/follow") as answer:
        events = "".join(answer.iter_text())
    assert events.count('"text":"try"') == 2
    assert "id: 1-" in events
    assert "id: 2-" in events


def test_log_that_is_a_link_of_the_twin_s_making_is_empty(client_of: Client, root: Path) -> None:
    alice = client_of("alice")
    (run,) = submit(alice, parameters={"power": 0})
    wait_for_status(alice, run["id"], "succeeded")
    outside = root / ".runs" / f"{run['id']}-1" / "out"
    (outside / "log").rename(outside / "elsewhere")
    (outside / "log").symlink_to("elsewhere")
    assert alice.get(f"/api/runs/{run['id']}/log").text == ""


def test_socket_tells_the_log_until_the_run_has_ended(client_of: Client) -> None:
    alice = client_of("alice")
    (run,) = submit(alice, parameters={"power": 0})
    messages, code = heard_by_socket(alice, run["id"])
    assert [one["text"] for message in messages for one in message["lines"]] == ["power 0"]
    assert (messages[-1]["attempt"], code) == (1, 1000)


@pytest.mark.parametrize(("name", "code"), [("carol", 4404), ("nobody", 4401)])
def test_socket_of_somebody_else_s_run_is_closed(client_of: Client, name: str, code: int) -> None:
    (run,) = submit(client_of("alice"), parameters={"power": 0})
    assert heard_by_socket(client_of(name), run["id"]) == ([], code)


def test_what_a_twin_uses_by_its_address_is_fetched_where_it_is_used(
    client_of: Client, root: Path, tmp_path: Path
) -> None:
    content = b"0,1.5\n"
    (tmp_path / "site").mkdir()
    (tmp_path / "site/profile.csv").write_bytes(content)
    with served_folder(tmp_path / "site") as url:
        (root / "alice/digital_twins/tank/twin.yaml").write_text(
            f"""\
format: 1
name: tank
uses:
  profile: {{url: {url}/profile.csv?a=b, sha256: {hashlib.sha256(content).hexdigest()}}}
  lake: {{s3: "s3://bucket/lake/"}}
phases:
  execute: cat "${{uses.profile}}"
  create: "true"
  analyse: cat "${{uses.lake}}"
"""
        )
        alice = client_of("alice")
        first, second = submit(alice, phases=["create", "execute"])
        wait_for_status(alice, second["id"], "succeeded")
    assert texts(alice, second["id"]) == ["0,1.5"]
    assert "inputs" not in alice.get(f"/api/runs/{first['id']}/log").text
    refused = alice.post("/api/runs", json={"twin": "tank", "phases": ["analyse"]})
    assert refused.status_code == 422
    assert "uses.lake.s3: runs cannot fetch this yet" in refused.json()["detail"]
