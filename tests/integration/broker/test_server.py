"""What the broker sends to Docker, and what it says when Docker fails: against a stub on TCP."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientPayloadError, ClientSession, web
from aiohttp.test_utils import RawTestServer, unused_port
from twinhub_hub.broker.__main__ import connect
from twinhub_hub.broker.policy import Policy
from twinhub_hub.broker.server import MAX_BODY, Broker

from tests.fixtures.create_bodies import valid_body

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.d4(52)

ID = "ab" * 32
NAME = "twinhub-workspace-alice"


@dataclass
class StubEngine:
    """Answers as it is told and keeps what it was asked."""

    label: str = "twinhub"
    status: int = 200
    is_cut: bool = False
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer as for a container; a log may be cut in its middle."""
        body = await request.read()
        self.asked.append((request.method, request.raw_path, dict(request.headers), body))
        if self.is_cut and "/logs" in request.raw_path:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"begun")
            assert request.transport is not None
            request.transport.close()
            return response
        labels = {"org.twinhub.installation": self.label}
        found = {"Id": ID, "Config": {"Labels": labels}, "HostConfig": {"Binds": None}}
        return web.json_response(found, status=self.status)


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    """A policy whose folders exist."""
    for name in ("alice", "common"):
        (tmp_path / name).mkdir()
    return Policy(
        prefix="twinhub", networks=("twinhub",), images=("a/b:1",), uid=1000, assets=str(tmp_path),
        home="/home/twin", workspace="/workspace", memory=2**32, cpus=2, processes=999,
        shared_memory=2**28, log={"Type": "json-file", "Config": {}},
    )  # fmt: skip


@asynccontextmanager
async def brokered(policy: Policy, address: str) -> AsyncIterator[ClientSession]:
    """A client of a broker whose engine is at an address."""
    async with (
        connect(address, None) as engine,
        RawTestServer(Broker(policy, engine).handle) as server,
        ClientSession(server.make_url("/")) as client,
    ):
        yield client


@asynccontextmanager
async def with_stub(policy: Policy, stub: StubEngine) -> AsyncIterator[ClientSession]:
    """A client of a broker before a stub."""
    async with (
        RawTestServer(stub.answer) as engine,
        brokered(policy, str(engine.make_url("")).rstrip("/")) as client,
    ):
        yield client


async def test_docker_gets_what_was_composed_and_none_of_the_headers(policy: Policy) -> None:
    stub, body = StubEngine(status=201), valid_body(policy, "alice")
    sent = {"X-Registry-Auth": "e30=", "Upgrade": "tcp", "Authorization": "token x"}
    async with with_stub(policy, stub) as client:
        text = json.dumps(body, indent=3)
        answer = await client.post(f"/v1.41/containers/create?name={NAME}", data=text, headers=sent)
        assert answer.status == 201
    [(method, path, headers, received)] = stub.asked
    assert (method, path) == ("POST", f"/v1.41/containers/create?name={NAME}")
    assert not {name.lower() for name in sent} & {name.lower() for name in headers}
    assert headers["Content-Type"] == "application/json"
    expected = {key: value for key, value in body.items() if value is not None}
    assert json.loads(received) == expected | {"Labels": {"org.twinhub.installation": "twinhub"}}


async def test_a_container_named_is_addressed_by_its_whole_id(policy: Policy) -> None:
    stub = StubEngine()
    async with with_stub(policy, stub) as client:
        await client.post(f"/v1.41/containers/{NAME}/stop?t=5")
        await client.delete(f"/containers/{NAME}?v=True&force=False")
    assert [(method, path) for method, path, _, _ in stub.asked] == [
        ("GET", f"/v1.41/containers/{NAME}/json"),
        ("POST", f"/v1.41/containers/{ID}/stop?t=5"),
        ("GET", f"/containers/{NAME}/json"),
        ("DELETE", f"/containers/{ID}?v=1&force=0"),
    ]


async def test_a_container_with_another_label_is_looked_at_and_left_alone(policy: Policy) -> None:
    stub = StubEngine(label="twinhub-two")
    async with with_stub(policy, stub) as client:
        for reference in (NAME, ID):
            for method, path in (("GET", "/json"), ("POST", "/stop"), ("DELETE", "")):
                answer = await client.request(method, f"/containers/{reference}{path}")
                assert answer.status == 403
    assert {(method, path.rpartition("/")[2]) for method, path, _, _ in stub.asked} == {
        ("GET", "json")
    }


@pytest.mark.parametrize("status", [404, 409, 500, 503])
async def test_an_error_of_docker_is_passed_on(policy: Policy, status: int) -> None:
    async with with_stub(policy, StubEngine(status=status)) as client:
        answer = await client.get(f"/containers/{NAME}/json")
        assert answer.status == status


async def test_an_engine_that_is_gone_is_never_an_error_500(policy: Policy, tmp_path: Path) -> None:
    # DockerSpawner takes 500 for a container that is no more
    for address in (f"http://127.0.0.1:{unused_port()}", f"http+unix://{tmp_path}/none.sock"):
        async with brokered(policy, address) as client:
            for path in ("/version", f"/containers/{NAME}/json", "/images/a/b:1/json"):
                answer = await client.get(path)
                assert answer.status == 502
                assert "does not answer" in (await answer.json())["message"]


async def test_half_a_log_is_not_taken_for_a_whole_one(policy: Policy) -> None:
    async with with_stub(policy, StubEngine(is_cut=True)) as client:
        with pytest.raises(ClientPayloadError):
            await (await client.get(f"/containers/{ID}/logs?stdout=1")).read()


async def test_a_body_without_end_is_refused(policy: Policy) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY // 2**16 + 2):
            yield b" " * 2**16

    stub = StubEngine()
    async with with_stub(policy, stub) as client:
        answer = await client.post(f"/containers/create?name={NAME}", data=endless())
        assert answer.status == 403
        assert "longer than" in (await answer.json())["message"]
    assert stub.asked == []
