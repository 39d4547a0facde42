"""Who is behind a token, by what a hub answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from twinhub_api.scopes import USE_LIBRARY
from twinhub_kit.errors import UnavailableError
from twinhub_kit.hub import HubIdentity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MODEL: dict[str, Any] = {
    "kind": "user", "name": "alice", "admin": False, "groups": ["plant"], "scopes": [USE_LIBRARY],
}  # fmt: skip


@dataclass
class DoubleHub:
    """Answers as told, and counts."""

    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: int = 200
    asked: int = 0
    now: float = 1000.0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        await asyncio.sleep(0)
        token = request.headers["authorization"].removeprefix("token ")
        if self.status != 200:
            return httpx.Response(self.status)
        found = self.models.get(token)
        return httpx.Response(200, json=found) if found else httpx.Response(403)


@pytest.fixture
def hub() -> DoubleHub:
    return DoubleHub({"t": MODEL})


@pytest.fixture
async def identity(hub: DoubleHub) -> AsyncIterator[HubIdentity]:
    client = httpx.AsyncClient(transport=httpx.MockTransport(hub))
    async with HubIdentity("http://hub/hub/api", client=client, clock=lambda: hub.now) as made:
        yield made


async def test_a_thread_asks_anew_once_an_answer_is_old(hub: DoubleHub) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=MODEL | {"groups": []})

    async with HubIdentity(
        "http://hub/hub/api", client=httpx.AsyncClient(transport=httpx.MockTransport(hub)),
        thread_client=httpx.Client(transport=httpx.MockTransport(answer)), clock=lambda: hub.now,
    ) as identity:  # fmt: skip
        await identity.find_caller("t")
        found = []
        for seconds in (1, 10):
            hub.now += seconds
            caller = await asyncio.to_thread(identity.look_again, "t")
            assert caller is not None
            found.append(caller.groups)
    assert found == [{"plant"}, set()]


async def test_name_groups_and_scopes_are_those_of_the_token(identity: HubIdentity) -> None:
    caller = await identity.find_caller("t")
    assert caller is not None
    assert (caller.name, caller.groups) == ("alice", frozenset({"plant"}))
    assert not caller.is_instructor
    assert not caller.is_admin


async def test_an_unknown_token_is_nobody(identity: HubIdentity) -> None:
    assert await identity.find_caller("other") is None
    assert await identity.find_caller("") is None
    assert await identity.find_caller("x" * 5000) is None
    assert await identity.find_caller("t\u00e9") is None


@pytest.mark.parametrize("scopes", [[], ["self"], ["access:services!service=runner"]])
async def test_a_token_that_may_not_use_the_library_is_nobody(
    hub: DoubleHub, identity: HubIdentity, scopes: list[str]
) -> None:
    hub.models["t"] = MODEL | {"scopes": scopes}
    assert await identity.find_caller("t") is None


async def test_a_token_for_all_services_may_use_the_library(
    hub: DoubleHub, identity: HubIdentity
) -> None:
    hub.models["t"] = MODEL | {"scopes": ["access:services", "admin:users"]}
    caller = await identity.find_caller("t")
    assert caller is not None
    assert caller.is_admin


async def test_another_services_token_is_nobody(hub: DoubleHub, identity: HubIdentity) -> None:
    hub.models["t"] = {"kind": "service", "name": "runner", "scopes": ["access:services"]}
    assert await identity.find_caller("t") is None


@pytest.mark.d4(8)
async def test_a_revoked_token_is_nobody_within_ten_seconds(
    hub: DoubleHub, identity: HubIdentity
) -> None:
    assert await identity.find_caller("t")
    hub.models.clear()
    assert await identity.find_caller("t")
    hub.now += 9.9
    assert await identity.find_caller("t") is None


async def test_many_requests_with_one_token_are_one_question(
    hub: DoubleHub, identity: HubIdentity
) -> None:
    found = await asyncio.gather(*(identity.find_caller("t") for _ in range(50)))
    assert all(found)
    assert hub.asked == 1


async def test_a_client_that_goes_away_does_not_spoil_the_answer_for_others(
    identity: HubIdentity,
) -> None:
    first = asyncio.create_task(identity.find_caller("t"))
    second = asyncio.create_task(identity.find_caller("t"))
    await asyncio.sleep(0)
    first.cancel()
    assert await second


@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_a_hub_that_is_away_is_no_refusal_and_an_old_answer_is_not_used(
    hub: DoubleHub, identity: HubIdentity, status: int
) -> None:
    assert await identity.find_caller("t")
    hub.status = status
    hub.now += 9.9
    with pytest.raises(UnavailableError):
        await identity.find_caller("t")
    hub.status = 200
    assert await identity.find_caller("t")


async def test_an_answer_that_is_none_of_a_hub_is_no_refusal(
    hub: DoubleHub, identity: HubIdentity
) -> None:
    hub.models["t"] = {"hello": "world"}
    with pytest.raises(UnavailableError):
        await identity.find_caller("t")


@pytest.mark.d4(20)
async def test_a_deleted_user_is_not_remembered_and_others_are(
    hub: DoubleHub, identity: HubIdentity
) -> None:
    hub.models["other"] = {**MODEL, "name": "bob"}
    assert await identity.find_caller("t")
    assert await identity.find_caller("other")
    del hub.models["t"]

    identity.forget_user("alice")

    assert await identity.find_caller("t") is None
    assert await identity.find_caller("other")
    assert hub.asked == 3
