"""How many logs one person follows: however many are asked for at once, it is no more."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING

import httpx
import pytest
from twinhub_kit.callers import Caller, TableIdentity
from twinhub_runner.following import Followers
from twinhub_runner.main import make_runner_application

from tests.unit.runner.steps import ALICE, stepping

if TYPE_CHECKING:
    from pathlib import Path

_TWIN = "format: 1\nname: tank\nphases: {execute: {command: run}}\n"
_ALLOWED, _ASKED = 3, 12


@pytest.mark.d4(43)
async def test_many_that_are_asked_for_at_once_are_no_more_than_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twinhub_runner.following.MOST_FOLLOWED", _ALLOWED)
    with stepping(tmp_path, _TWIN) as there:
        run = there.submit()
        there.steps()
        application = make_runner_application(there.runner, TableIdentity({"alice": ALICE}))
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(application), base_url="http://runner",
            headers={"Authorization": "token alice"},
        ) as client:  # fmt: skip
            address = f"/api/runs/{run}/log/follow"
            asked = [asyncio.create_task(client.get(address)) for _ in range(_ASKED)]
            first = [await one for one in islice(asyncio.as_completed(asked), _ASKED - _ALLOWED)]
            assert {one.status_code for one in first} == {429}
            there.runner.followers.end()
            ended = await asyncio.gather(*asked)
            assert [one.status_code for one in ended].count(200) == _ALLOWED


@pytest.mark.d4(16)
async def test_who_may_see_a_run_no_more_follows_it_no_more(tmp_path: Path) -> None:
    with stepping(tmp_path, _TWIN) as there:
        run = there.submit()
        there.steps()
        callers = {"alice": ALICE}
        application = make_runner_application(there.runner, TableIdentity(callers))
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(application), base_url="http://runner",
            headers={"Authorization": "token alice"},
        ) as client:  # fmt: skip
            following = asyncio.create_task(client.get(f"/api/runs/{run}/log/follow"))
            done, _ = await asyncio.wait({following}, timeout=1)
            assert not done
            del callers["alice"]
            answer = await asyncio.wait_for(following, timeout=10)
            assert answer.status_code == 200


def test_who_has_ended_some_follows_others() -> None:
    followers, alice = Followers(), Caller("alice")
    ends = [followers.begin(alice) for _ in range(100)]
    ends[0]()
    followers.begin(alice)
    followers.begin(Caller("bob"))
