"""Many users who start at the same moment: a call, then its events, again when told to wait.

By aiohttp: the pool of httpx looks at each connection for each request, so that with a thousand of
them this client took longer than the hub that it measures.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Sequence

_PARALLEL_STOPS = 20
_RETRY_SECONDS = 0.5
_CREATED_AT_ONCE = 100
_LIMIT_SECONDS = 900


@dataclass(frozen=True)
class Api:
    """A hub's API, with a token that may do what the bench does."""

    address: str
    """Of the hub itself, past edge and proxy, without a slash at its end."""
    token: str

    def client(self) -> aiohttp.ClientSession:
        """Return a client for any number of calls at once."""
        return aiohttp.ClientSession(
            base_url=f"{self.address}/hub/api/",
            headers={"Authorization": f"token {self.token}"},
            timeout=aiohttp.ClientTimeout(total=_LIMIT_SECONDS),
            connector=aiohttp.TCPConnector(limit=0),
        )


async def create_users(api: Api, users: Sequence[str]) -> None:
    """Create users that are not there yet."""
    async with api.client() as client:
        for first in range(0, len(users), _CREATED_AT_ONCE):
            body = {"usernames": users[first : first + _CREATED_AT_ONCE]}
            async with client.post("users", json=body) as answer:
                answer.raise_for_status()


async def start_all(api: Api, users: Sequence[str]) -> list[float]:
    """Start everybody's server at once; return the seconds of each until it was ready.

    A hub that refuses for the moment (429) is asked again after the time that it names.
    """

    async def start_one(client: aiohttp.ClientSession, user: str) -> float:
        begun = perf_counter()
        await _start(client, user)
        return perf_counter() - begun

    async with api.client() as client:
        return await asyncio.gather(*(start_one(client, user) for user in users))


async def stop_all(api: Api, users: Sequence[str]) -> None:
    """Stop everybody's server."""
    turn = asyncio.Semaphore(_PARALLEL_STOPS)

    async def stop_one(client: aiohttp.ClientSession, user: str) -> None:
        async with turn, client.delete(f"users/{user}/server") as answer:
            answer.raise_for_status()

    async with api.client() as client:
        await asyncio.gather(*(stop_one(client, user) for user in users))


@dataclass(frozen=True)
class _Answer:
    """What a hub said to the call for a start."""

    status: int
    retry_seconds: float
    text: str


async def _start(client: aiohttp.ClientSession, user: str) -> None:
    answer = await _ask(client, user)
    while answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        await asyncio.sleep(answer.retry_seconds)
        answer = await _ask(client, user)
    already = answer.status == HTTPStatus.BAD_REQUEST and "already" in answer.text
    if answer.status >= HTTPStatus.BAD_REQUEST and not already:
        raise RuntimeError(f"{user} did not start: {answer.status} {answer.text}")
    last: dict[str, object] = {}
    while not last.get("ready"):
        last = await _last_event(client, user)
        if last.get("failed"):
            raise RuntimeError(f"{user} did not start: {last}")


async def _ask(client: aiohttp.ClientSession, user: str) -> _Answer:
    """Ask for a start, again where the hub's backlog of connections was full."""
    while True:
        try:
            async with client.post(f"users/{user}/server", json={}) as answer:
                wait = float(answer.headers.get("Retry-After", 0))
                return _Answer(answer.status, wait, await answer.text())
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(_RETRY_SECONDS)


async def _last_event(client: aiohttp.ClientSession, user: str) -> dict[str, object]:
    last: dict[str, object] = {}
    try:
        async with client.get(f"users/{user}/server/progress") as events:
            async for line in events.content:
                if line.startswith(b"data:"):
                    last = json.loads(line.removeprefix(b"data:"))
    except aiohttp.ClientConnectionError:
        await asyncio.sleep(_RETRY_SECONDS)
    return last
