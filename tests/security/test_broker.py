"""The broker between hub and Docker: it refuses what is hostile, and the hub has no way round."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twinhub_hub.apply.broker import broker_policy
from twinhub_hub.installation import Installation
from twinhub_hub.operate.up import load_running

from tests.fixtures.create_bodies import (
    changed,
    hostile_changes,
    hostile_texts,
    is_safe,
    valid_body,
)
from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import engine
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.containers import Container
    from twinhub_hub.broker.policy import Policy

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.d4(52)]

USER = "mallory"


@pytest.fixture(scope="module")
def policy(installation: TestInstallation) -> Policy:
    """What the installation's broker allows."""
    return broker_policy(load_running(Installation(installation.home)))


@pytest.fixture(scope="module")
def broker(installation: TestInstallation) -> Iterator[httpx.Client]:
    """A client as a hub would be that somebody has taken over."""
    transport = httpx.HTTPTransport(uds=str(installation.home / "state" / "broker.sock"))
    with httpx.Client(transport=transport, base_url="http://broker", timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def body(installation: TestInstallation, policy: Policy) -> dict[str, Any]:
    """A body that passes, of a user who has a folder."""
    installation.folder(USER).mkdir(exist_ok=True)
    return valid_body(policy, USER)


@pytest.fixture
def name(installation: TestInstallation) -> Iterator[str]:
    """The name of that user's container, which no test leaves behind."""
    chosen = f"{installation.prefix}-workspace-{USER}"
    yield chosen
    for one in engine().containers.list(all=True, filters={"name": f"^/{chosen}$"}):
        one.remove(force=True)


@pytest.fixture
def stranger() -> Iterator[Container]:
    """A running container on the same engine that is nobody's workspace."""
    made = engine().containers.run(
        "twinhub/workspace:0.1.0", ["60"], entrypoint="sleep", detach=True, network_mode="none",
        name=f"stranger-{os.getpid()}",
    )  # fmt: skip
    yield made
    made.remove(force=True)


def create(broker: httpx.Client, name: str, content: bytes) -> httpx.Response:
    """Ask for a container."""
    headers = {"Content-Type": "application/json"}
    return broker.post(f"/containers/create?name={name}", content=content, headers=headers)


def exists(name: str) -> bool:
    """Whether Docker has a container of this name."""
    return bool(engine().containers.list(all=True, filters={"name": f"^/{name}$"}))


def test_a_workspace_is_created_started_read_stopped_and_removed(
    broker: httpx.Client, body: dict[str, Any], name: str, policy: Policy
) -> None:
    body = changed(body, "Cmd", ["sh", "-c", "echo said; exec sleep 60"])
    made = create(broker, name, json.dumps(body).encode())
    assert made.status_code == 201, made.text
    container = f"/v1.41/containers/{made.json()['Id']}"
    assert broker.post(f"{container}/start").status_code == 204
    found = broker.get(f"/containers/{name}/json").json()
    assert found["Config"]["Labels"]["org.twinhub.installation"] == policy.prefix
    wait_for(
        lambda: b"said" in broker.get(f"{container}/logs?stdout=1&tail=20").content,
        seconds=20, what="the container's log",
    )  # fmt: skip
    assert broker.post(f"{container}/stop?t=0").status_code == 204
    assert broker.delete(f"{container}?v=True&link=False&force=False").status_code == 204
    assert broker.get(f"/containers/{name}/json").status_code == 404


def test_hostile_creates_are_refused_and_leave_no_container(
    broker: httpx.Client, body: dict[str, Any], name: str, policy: Policy
) -> None:
    texts = hostile_texts(policy, USER)
    for path, value in hostile_changes(policy, USER):
        texts.append(json.dumps(changed(body, path, value)).encode())
    for text in texts:
        answer = create(broker, name, text)
        assert answer.status_code == 403, (text[:2000], answer.text)
        assert answer.json()["message"].startswith("refused by TwinHub's broker: ")
    assert create(broker, name, b" " * (2**20 + 1)).status_code == 403
    assert not exists(name)


def test_whatever_docker_made_of_a_fuzzed_body_is_safe(
    broker: httpx.Client, body: dict[str, Any], name: str, policy: Policy
) -> None:
    changes = [
        *hostile_changes(policy, USER),
        ("Cmd", ["true"]), ("HostConfig.PidsLimit", 64), ("Hostname", "x"), ("Env", ["A=1"]),
        ("HostConfig.Binds", body["HostConfig"]["Binds"][:1]), ("Volumes", {}),
    ]  # fmt: skip
    few = st.lists(st.sampled_from(changes[-12:]) | st.sampled_from(changes), max_size=3)

    statuses = set()

    @settings(max_examples=60, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(few)
    def fuzz(made: list[tuple[str, object]]) -> None:
        asked = body
        for path, value in made:
            if isinstance(asked.get("HostConfig"), dict):
                asked = changed(asked, path, value)
        answer = create(broker, name, json.dumps(asked).encode())
        statuses.add(answer.status_code)
        if answer.status_code != 201:
            assert answer.status_code in {400, 403}, answer.text
            assert not exists(name)
            return
        labels = {"Labels": {"org.twinhub.installation": policy.prefix}}
        assert is_safe(asked | labels, policy, USER)
        host = broker.get(f"/containers/{name}/json").json()["HostConfig"]
        assert host["Privileged"] is False
        assert host["Devices"] in (None, [])
        assert broker.delete(f"/containers/{name}").status_code == 204

    fuzz()
    assert statuses >= {201, 403}


def test_a_folder_that_is_a_link_or_missing_is_not_mounted(
    broker: httpx.Client, name: str, body: dict[str, Any], installation: TestInstallation
) -> None:
    folder = installation.folder(USER)
    made = create(broker, name, json.dumps(body).encode())
    assert made.status_code == 201, made.text
    aside = folder.rename(folder.with_name(f"{USER}-aside"))
    folder.symlink_to("/etc")
    try:
        refused = [
            broker.post(f"/containers/{name}/start"),
            create(broker, name, json.dumps(body).encode()),
        ]
    finally:
        folder.unlink()
        refused.append(broker.post(f"/containers/{name}/start"))
        aside.rename(folder)
    for answer in refused:
        assert answer.status_code == 403
        assert "no real folder" in answer.json()["message"]


def test_a_container_of_somebody_else_is_out_of_reach(
    broker: httpx.Client, stranger: Container, installation: TestInstallation
) -> None:
    # a name like ours does not make it ours
    alike = f"{installation.prefix}-workspace-stranger"
    for called in (str(stranger.name), alike):
        if called != stranger.name:
            stranger.rename(called)
        for reference in (called, stranger.id):
            base = f"/v1.41/containers/{reference}"
            answers = [broker.get(f"{base}{path}") for path in ("/json", "/logs?stdout=1", "/top")]
            answers += [
                broker.post(f"{base}/{verb}", content=b"")
                for verb in ("start", "stop", "kill", "exec", "pause", "rename?name=x", "update")
            ]
            answers += [broker.delete(base), broker.delete(f"{base}?force=1")]
            assert {answer.status_code for answer in answers} == {403}
    stranger.reload()
    assert stranger.status == "running"


def test_a_refusal_is_one_short_line_of_the_log(
    broker: httpx.Client, installation: TestInstallation
) -> None:
    mark = f"/marked-{uuid4().hex}"
    for path in (f"{mark}?x={'a' * 5000}", f"{mark}?y=%0aforged"):
        assert broker.get(path).status_code == 403

    def lines() -> list[str]:
        return [line for line in installation.log("broker").splitlines() if mark in line]

    wait_for(lambda: len(lines()) == 2, seconds=20, what="two lines, which the supervisor writes")
    assert all(
        "refused, " in line and f"GET {mark}" in line and len(line) < 1000 for line in lines()
    )


def test_what_is_no_request_is_refused(
    broker: httpx.Client, installation: TestInstallation
) -> None:
    requests = (
        b"GET /_ping\r\n\r\n", b"GET /_ping HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00",
        b"G" * 10_000,
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /info HTTP/1.1\r\n\r\n",
        b"GET http://docker/info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"CONNECT docker:80 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )  # fmt: skip
    for request in requests:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(installation.home / "state" / "broker.sock"))
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            answer = client.recv(100)
        assert not answer or re.match(rb"HTTP/(0.9|1.[01]) 40[03] ", answer), (request, answer)
    assert broker.get("/_ping").status_code == 200


def test_of_an_image_only_its_labels_and_its_size_are_told(broker: httpx.Client) -> None:
    told = broker.get("/v1.41/images/twinhub/workspace:0.1.0/json").json()
    assert set(told) == {"Id", "Size", "Created", "Config"}
    assert isinstance(told["Size"], int)
    assert set(told["Config"]) == {"Labels", "Cmd"}
    assert broker.get("/v1.41/images/no/such:1/json").status_code == 404


def test_the_hub_knows_the_broker_and_has_no_connection_to_docker(
    installation: TestInstallation,
) -> None:
    path = installation.home / "state" / "broker.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    with HubClient(installation, "alice") as alice:
        alice.start()
        pid = installation.pids()["hub"]
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        found = [one.decode() for one in variables if one.startswith(b"DOCKER_")]
        assert found == [f"DOCKER_HOST=unix://{path}"]
        peers = peers_of(pid)
        assert str(path) in peers
        assert not [peer for peer in peers if peer.endswith("docker.sock")]


def peers_of(pid: int) -> set[str]:
    """The paths of the sockets that a process is connected to."""
    listing = subprocess.run(["ss", "-xanpH"], capture_output=True, text=True, check=True).stdout
    rows = [re.split(r"\s+", line, maxsplit=8) for line in listing.splitlines()]
    path_of = {row[5]: row[4] for row in rows}
    return {path_of.get(row[7], "") for row in rows if f"pid={pid}," in row[8]}


def test_a_start_waits_for_a_broker_that_was_killed(installation: TestInstallation) -> None:
    with HubClient(installation, "alice") as alice, HubClient(installation, "bob") as bob:
        alice.start()
        if bob.servers():
            bob.stop()
        before = installation.pids()["broker"]
        os.kill(before, signal.SIGKILL)
        bob.start()
        assert installation.pids()["broker"] not in {0, before}
        assert alice.is_ready()
        bob.stop()
