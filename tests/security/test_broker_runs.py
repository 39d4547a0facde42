"""The broker's socket for runs, before a real engine: it makes runs, and touches nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twinhub_hub.broker.policy import Policy

from tests.fixtures.create_bodies import changed, hostile_texts
from tests.fixtures.engine import IMAGE, UID
from tests.fixtures.installation import engine
from tests.fixtures.run_bodies import (
    COPY,
    SANDBOX,
    bad_mounts,
    hostile_run_changes,
    is_safe_run,
    valid_run,
)
from tests.fixtures.sandboxes import broker_for, policies_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.containers import Container
    from twinhub_hub.broker.run_policy import RunPolicy

pytestmark = [pytest.mark.docker, pytest.mark.d4(52)]


@pytest.fixture(scope="module", name="root")
def _root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("broker") / "assets"
    runs = root / ".runs"
    for folder in (
        root / "alice", root / "common", runs / SANDBOX / "in", runs / SANDBOX / "out",
        runs / "copies" / COPY / "twin",
    ):  # fmt: skip
        folder.mkdir(parents=True)
    return root


@pytest.fixture(scope="module", name="policy")
def _policy(root: Path) -> RunPolicy:
    return policies_for(root, f"twinhub-{uuid4().hex[:12]}")[1]


@pytest.fixture(scope="module", name="broker")
def _broker(root: Path, policy: RunPolicy) -> Iterator[httpx.Client]:
    """A client as a runner would be that somebody has taken over."""
    with broker_for(root, policy.prefix) as address:
        transport = httpx.HTTPTransport(uds=address.removeprefix("unix://"))
        with httpx.Client(transport=transport, base_url="http://broker", timeout=60) as client:
            yield client


@pytest.fixture(name="name")
def _name(policy: RunPolicy) -> Iterator[str]:
    """The name of a run's container, which no test leaves behind."""
    chosen = f"{policy.prefix}-run-{SANDBOX}"
    yield chosen
    for one in found(chosen):
        one.remove(force=True)


@pytest.fixture(name="others")
def _others(policy: RunPolicy) -> Iterator[list[Container]]:
    """A stranger's container with a name like ours, and a workspace of the installation."""
    made = [
        engine().containers.run(
            IMAGE, ["60"], entrypoint="sleep", detach=True, network_mode="none", name=name,
            labels=labels,
        )
        for name, labels in (
            (f"{policy.prefix}-run-{SANDBOX[:-1]}7", {}),
            (f"{policy.prefix}-workspace-alice", {"org.twinhub.installation": policy.prefix}),
        )
    ]  # fmt: skip
    yield made
    for one in made:
        one.remove(force=True)


def create(broker: httpx.Client, name: str, content: bytes) -> httpx.Response:
    """Ask for a container."""
    headers = {"Content-Type": "application/json"}
    return broker.post(f"/containers/create?name={name}", content=content, headers=headers)


def found(name: str) -> list[Container]:
    """The containers of this name that Docker has."""
    listed: list[Container] = engine().containers.list(all=True, filters={"name": f"^/{name}$"})
    return listed


def test_hostile_creates_are_refused_and_leave_no_container(
    broker: httpx.Client, policy: RunPolicy, root: Path, name: str
) -> None:
    alike = workspaces_alike(root, policy)
    body = valid_run(policy, "alice")
    own = body["HostConfig"]["Binds"][2:]
    texts = hostile_texts(alike, "alice")
    texts += [
        json.dumps(changed(body, path, value)).encode()
        for path, value in hostile_run_changes(policy, alike)
        if value is not None
    ]
    texts += [
        json.dumps(changed(body, "HostConfig.Binds", [*mounts, *own])).encode()
        for mounts in bad_mounts(policy)
    ]
    for text in texts:
        answer = create(broker, name, text)
        assert answer.status_code == 403, (text[:2000], answer.text)
        assert answer.json()["message"].startswith("refused by TwinHub's broker: ")
    assert not found(name)


def test_whatever_docker_made_of_a_fuzzed_body_is_a_run(
    broker: httpx.Client, policy: RunPolicy, root: Path, name: str
) -> None:
    body = valid_run(policy, "alice")
    own = body["HostConfig"]["Binds"][2:]
    changes = [
        *hostile_run_changes(policy, workspaces_alike(root, policy)),
        ("HostConfig.PidsLimit", 64), ("Hostname", "x"), ("Env", ["A=1"]),
        ("HostConfig.Binds", own), ("HostConfig.OomScoreAdj", 1000),
    ]  # fmt: skip
    few = st.lists(st.sampled_from(changes[-8:]) | st.sampled_from(changes), max_size=3)
    statuses = set()

    @settings(max_examples=40, deadline=None, database=None, derandomize=True,
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
            return
        assert is_safe_run(asked | {"Labels": body["Labels"]}, policy)
        host = broker.get(f"/containers/{name}/json").json()["HostConfig"]
        assert host["Privileged"] is False
        assert host["RestartPolicy"]["Name"] in {"", "no"}
        assert broker.delete(f"/containers/{name}?force=1").status_code == 204

    fuzz()
    assert statuses >= {201, 403}


def workspaces_alike(root: Path, policy: RunPolicy) -> Policy:
    """A policy of workspaces with the limits and networks of runs, for its hostile bodies."""
    return Policy(
        prefix=policy.prefix, networks=policy.networks, images=policy.images, uid=UID,
        assets=str(root), home="/home/twin", workspace="/workspace", memory=policy.memory,
        cpus=policy.cpus, processes=policy.processes, shared_memory=2**28,
    )  # fmt: skip


@pytest.mark.parametrize("place", ["alice", "common", f".runs/{SANDBOX}/out"])
def test_a_folder_that_is_a_link_or_missing_is_not_mounted(
    broker: httpx.Client, policy: RunPolicy, root: Path, name: str, place: str
) -> None:
    folder, body = root / place, json.dumps(valid_run(policy, "alice")).encode()
    assert create(broker, name, body).status_code == 201
    aside = folder.rename(folder.with_name("aside"))
    folder.symlink_to("/etc")
    refused = [broker.post(f"/containers/{name}/start"), create(broker, name, body)]
    folder.unlink()
    refused.append(broker.post(f"/containers/{name}/start"))
    aside.rename(folder)
    for answer in refused:
        assert answer.status_code == 403
        assert "no real folder" in answer.json()["message"]


def test_workspaces_and_strangers_are_out_of_reach(
    broker: httpx.Client, policy: RunPolicy, others: list[Container]
) -> None:
    for other in others:
        for reference in (str(other.name), other.id):
            base = f"/containers/{reference}"
            answers = [broker.get(f"{base}{path}") for path in ("/json", "/logs?stdout=1")]
            answers += [
                broker.post(f"{base}/{verb}", content=b"")
                for verb in ("start", "kill?signal=SIGKILL", "exec", "stop", "update")
            ]
            answers += [broker.delete(f"{base}?force=1")]
            assert {answer.status_code for answer in answers} == {403}
        other.reload()
        assert other.status == "running"
    labels = {"label": [f"org.twinhub.installation={policy.prefix}", "org.twinhub.kind=run"]}
    listed = broker.get("/containers/json", params={"all": "1", "filters": json.dumps(labels)})
    assert listed.json() == []


def test_socket_is_the_runners_and_roots_alone(broker: httpx.Client, root: Path) -> None:
    assert broker.get("/_ping").status_code == 200
    with broker_for(root, f"twinhub-{uuid4().hex[:12]}") as address:
        seen = Path(address.removeprefix("unix://")).stat()
        assert (seen.st_mode & 0o777, seen.st_uid) == (0o600, UID)
