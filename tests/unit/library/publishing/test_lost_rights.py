"""What waits is not done for whoever has lost the right to it meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from threading import Event
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from twinhub_api.wire import Wire
from twinhub_kit.callers import Caller
from twinhub_kit.operations import AT_ONCE, anybody
from twinhub_kit.turns import AT_ONCE as TURNS

from tests.fixtures.library import CALLERS, IDENTITY, TEAM
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from fastapi import FastAPI
    from starlette.testclient import TestClient
    from twinhub_library.library import Library

    ClientOf = Callable[[str], TestClient]

pytest_plugins = ("tests.fixtures.library",)

_PUBLISH = ("/api/versions", {"path": f"teams/{TEAM}/models/pump", "version": "1.0.0"})
_IMPORT = (
    "/api/imports",
    {"source": "common/data/weather.csv", "target": f"teams/{TEAM}/data/weather.csv"},
)


@contextlib.contextmanager
def occupied(library: Library, caller: Caller) -> Iterator[None]:
    """Have so much done for a caller until the block ends that whatever else they want waits."""
    may_end = Event()

    def work(*_: object) -> Wire:
        may_end.wait(30)
        return Wire()

    for _ in range(AT_ONCE):
        library.operations.start(caller, "test", "Goes on", anybody, work)
    try:
        yield
    finally:
        may_end.set()


def end_of(client: TestClient, number: str) -> dict[str, Any]:
    ended: dict[str, Any] = {}

    def has_ended() -> bool:
        ended.update(client.get(f"/api/operations/{number}").json())
        return ended["status"] not in {"waiting", "running"}

    wait_for(has_ended, seconds=30, what="the operation ends")
    return ended


@pytest.fixture(autouse=True)
def _team_that_may_publish(client_of: ClientOf) -> None:
    admin = client_of("admin")
    assert admin.put(f"/api/teams/{TEAM}").is_success
    grant = {"subject_kind": "group", "subject": TEAM, "kind": "models", "pattern": "*"}
    assert admin.post("/api/grants", json=grant).status_code == 201


@pytest.mark.parametrize("asked", [_PUBLISH, _IMPORT])
def test_who_left_a_group_meanwhile_changes_nothing_of_its_team(
    client_of: ClientOf, library: Library, library_root: Path, monkeypatch: pytest.MonkeyPatch,
    asked: tuple[str, dict[str, str]],
) -> None:  # fmt: skip
    member, left = client_of("member"), Caller("member", scopes=CALLERS["member"].scopes)
    with occupied(library, CALLERS["member"]):
        answer = member.post(asked[0], json=asked[1])
        assert answer.status_code == 202, answer.text
        monkeypatch.setitem(IDENTITY.callers, "token-of-member", left)
    ended = end_of(member, answer.json()["id"])
    assert (ended["status"], ended["problem"]["code"]) == ("failed", "not-found"), ended
    assert not (library_root / "common/models/pump").exists()
    assert not (library_root / f"teams/{TEAM}/data/weather.csv").exists()


def test_a_grant_that_was_taken_back_meanwhile_publishes_nothing(
    client_of: ClientOf, library: Library, library_root: Path
) -> None:
    member, admin = client_of("member"), client_of("admin")
    with occupied(library, CALLERS["member"]):
        answer = member.post(_PUBLISH[0], json=_PUBLISH[1])
        assert answer.status_code == 202, answer.text
        number = admin.get("/api/grants").json()["grants"][0]["id"]
        assert admin.delete(f"/api/grants/{number}").is_success
    ended = end_of(member, answer.json()["id"])
    assert (ended["status"], ended["problem"]["code"]) == ("failed", "not-allowed"), ended
    assert not (library_root / "common/models/pump").exists()


def test_what_waited_is_done_for_whoever_still_may(
    client_of: ClientOf, library: Library, library_root: Path
) -> None:
    member = client_of("member")
    with occupied(library, CALLERS["member"]):
        answer = member.post(_PUBLISH[0], json=_PUBLISH[1])
    assert end_of(member, answer.json()["id"])["status"] == "done"
    assert (library_root / "common/models/pump/model.txt").is_file()


async def test_a_body_that_took_long_is_not_written_for_whoever_left_meanwhile(
    library_application: FastAPI, library_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = Caller("member", scopes=CALLERS["member"].scopes)

    async def body() -> AsyncIterator[bytes]:
        yield b"begins"
        monkeypatch.setitem(IDENTITY.callers, "token-of-member", left)
        yield b"ends"

    place = f"teams/{TEAM}/models/pump/late.txt"
    headers = {"Authorization": "token token-of-member"}
    transport = httpx.ASGITransport(library_application)
    async with httpx.AsyncClient(transport=transport, base_url="http://library") as client:
        answer = await client.put(f"/api/files/{place}", content=body(), headers=headers)
    assert answer.status_code == 404
    assert not (library_root / place).exists()


async def test_who_left_while_a_request_waited_for_its_turn_is_looked_up_again(
    library_application: FastAPI, library_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = CALLERS["member"]
    left = Caller("member", scopes=member.scopes)
    turns = library_application.state.turns
    body = {"source": f"teams/{TEAM}/models/pump", "target": f"teams/{TEAM}/models/moved"}
    headers = {"Authorization": "token token-of-member"}
    transport = httpx.ASGITransport(library_application)
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://library") as client,
        asyncio.TaskGroup() as group,
    ):
        async with contextlib.AsyncExitStack() as taken:
            for _ in range(TURNS):
                await taken.enter_async_context(turns.take(member))
            asked = group.create_task(client.post("/api/moves", json=body, headers=headers))
            async with asyncio.timeout(10):
                while turns._queues[member.name].count == TURNS:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0)
            monkeypatch.setitem(IDENTITY.callers, "token-of-member", left)
        answer = await asked
    assert answer.status_code == 404
    assert (library_root / f"teams/{TEAM}/models/pump").is_dir()
