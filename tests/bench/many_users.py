"""Many users who start at the same moment: a call, then its events, again when told to wait."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Sequence

_PARALLEL_STOPS = 20
_CONNECTIONS = 2000
_RETRY_SECONDS = 0.5
_CREATED_AT_ONCE = 100
_LIMIT_SECONDS = 900


@dataclass(frozen=True)
class Api:
    """A hub's API, with a token that may do what the bench does."""

    address: str
    """Of the hub itself, past edge and proxy, without a slash at its end."""
    token: str

    def client(self) -> httpx.AsyncClient:
        """Return a client for many calls at once."""
        return httpx.AsyncClient(
            base_url=f"{self.address}/hub/api",
            headers={"Authorization": f"token {self.token}"},
            timeout=_LIMIT_SECONDS,
            limits=httpx.Limits(max_connections=_CONNECTIONS),
        )


async def create_users(api: Api, users: Sequence[str]) -> None:
    """Create users that are not there yet."""
    async with api.client() as client:
        for first in range(0, len(users), _CREATED_AT_ONCE):
            body = {"usernames": users[first : first + _CREATED_AT_ONCE]}
            (await client.post("/users", json=body)).raise_for_status()


async def start_all(api: Api, users: Sequence[str]) -> list[float]:
    """Start everybody's server at once; return the seconds of each until it was ready.

    A hub that refuses for the moment (429) is asked again after the time that it names.
    """

    async def start_one(client: httpx.AsyncClient, user: str) -> float:
        begun = perf_counter()
        await _start(client, user)
        return perf_counter() - begun

    async with api.client() as client:
        return await asyncio.gather(*(start_one(client, user) for user in users))


async def stop_all(api: Api, users: Sequence[str]) -> None:
    """Stop everybody's server."""
    turn = asyncio.Semaphore(_PARALLEL_STOPS)

    async def stop_one(client: httpx.AsyncClient, user: str) -> None:
        async with turn:
            (await client.delete(f"/users/{user}/server")).raise_for_status()

    async with api.client() as client:
        await asyncio.gather(*(stop_one(client, user) for user in users))


async def _start(client: httpx.AsyncClient, user: str) -> None:
    answer = await _ask(client, user)
    while answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        await asyncio.sleep(float(answer.headers["Retry-After"]))
        answer = await _ask(client, user)
    already = answer.status_code == HTTPStatus.BAD_REQUEST and "already" in answer.text
    if not already:
        answer.raise_for_status()
    last: dict[str, object] = {}
    while not last.get("ready"):
        last = await _last_event(client, user)
        if last.get("failed"):
            raise RuntimeError(f"{user} did not start: {last}")


async def _ask(client: httpx.AsyncClient, user: str) -> httpx.Response:
    """Ask for a start, again where the hub's backlog of connections was full."""
    while True:
        try:
            return await client.post(f"/users/{user}/server", json={})
        except httpx.TransportError:
            await asyncio.sleep(_RETRY_SECONDS)


async def _last_event(client: httpx.AsyncClient, user: str) -> dict[str, object]:
    last: dict[str, object] = {}
    try:
        async with client.stream("GET", f"/users/{user}/server/progress") as events:
            async for line in events.aiter_lines():
                if line.startswith("data:"):
                    last = json.loads(line.removeprefix("data:"))
    except httpx.TransportError:
        await asyncio.sleep(_RETRY_SECONDS)
    return last
