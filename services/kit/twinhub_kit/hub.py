"""Who is behind a token, asked of JupyterHub's own API and remembered for some seconds."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

import httpx
from twinhub_api.scopes import USE_LIBRARY

from twinhub_kit.callers import Caller
from twinhub_kit.errors import UnavailableError
from twinhub_kit.strangers import Strangers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from types import TracebackType

REMEMBERED_SECONDS = 8.0
"""How long an answer of the hub holds; with the time of a request it is less than ten seconds."""

_MOST_REMEMBERED = 20_000
_CONNECT_SECONDS, _ANSWER_SECONDS, _TURN_SECONDS = 5.0, 20.0, 45.0
_TIMEOUT = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS, pool=_TURN_SECONDS)
_MOST_AT_ONCE = 16
"""Requests that the hub, which has one thread, is sent at a time; others wait for their turn."""
_LONGEST_TOKEN = 4096
_UNKNOWN = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


def make_hub_client() -> httpx.AsyncClient:
    """Return what asks the hub: a class that comes at once waits for its turn, and is not refused.

    A hub that is down is told at once, one that hangs after some 20 seconds.
    """
    limits = httpx.Limits(max_connections=_MOST_AT_ONCE)
    return httpx.AsyncClient(timeout=_TIMEOUT, limits=limits, trust_env=False)


@dataclass(frozen=True)
class _Known:
    caller: Caller
    is_person: bool
    """Not another service."""


@dataclass
class _Answer:
    asked_at: float
    task: asyncio.Task[_Known | None]

    @property
    def is_known(self) -> bool:
        """Whether the hub has answered."""
        return self.task.done() and not self.task.cancelled() and self.task.exception() is None

    @property
    def is_good(self) -> bool:
        """Whether the hub has known the token."""
        return self.is_known and self.task.result() is not None


class HubIdentity:
    """Knows who is behind a token of JupyterHub; a token that was revoked is nobody's soon."""

    def __init__(
        self,
        api_url: str,
        *,
        scope: str = USE_LIBRARY,
        client: httpx.AsyncClient | None = None,
        thread_client: httpx.Client | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Ask the API at an address such as ``http://127.0.0.1:8081/hub/api``.

        ``scope`` is what a token needs to use the service, ``access:services!service=NAME``; a
        token that may use all services has ``access:services``.
        """
        self._address = f"{api_url.rstrip('/')}/user"
        self._accepted = frozenset({scope, scope.partition("!")[0]})
        self.scope = scope
        self._client = client or make_hub_client()
        self._thread_client = thread_client or httpx.Client(timeout=_TIMEOUT, trust_env=False)
        self._clock = clock
        self._strangers = Strangers(clock, sleep)
        self._answers: OrderedDict[bytes, _Answer] = OrderedDict()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections to the hub."""
        await self._client.aclose()
        self._thread_client.close()

    async def find_caller(self, token: str, address: str = "") -> Caller | None:
        """Return the person behind a token that may use this service; None for anything else.

        ``address`` is where it comes from, see `Strangers`.

        Raises:
            BusyError: many unknown tokens have come from there.
            UnavailableError: the hub does not answer.
        """
        return self._accept(await self._find(token, address))

    def look_again(self, token: str) -> Caller | None:
        """Return who is behind a token by now, as `find_caller` does; for threads alone.

        Raises:
            UnavailableError: the hub does not answer.
        """
        answer = self._answers.get(hashlib.sha256(token.encode()).digest())
        if answer and answer.is_known and not self._is_old(answer):
            return self._accept(answer.task.result())
        with _told_unavailable():
            return self._accept(
                _read(self._thread_client.get(self._address, headers=_headers(token)))
            )

    def _accept(self, found: _Known | None) -> Caller | None:
        if found is None or not found.is_person or not found.caller.scopes & self._accepted:
            return None
        return found.caller

    async def find_scopes(self, token: str, address: str = "") -> frozenset[str] | None:
        """Return what a token may do, also one that is no person's; None of an unknown one.

        Raises:
            UnavailableError: the hub does not answer.
        """
        found = await self._find(token, address)
        return found.caller.scopes if found else None

    async def _find(self, token: str, address: str) -> _Known | None:
        if not token or len(token) > _LONGEST_TOKEN or not token.isascii():
            return None
        digest = hashlib.sha256(token.encode()).digest()
        answer = self._answers.get(digest)
        if answer is not None and (answer.is_good or not self._is_old(answer)):
            return await self._look_up(digest, token)
        async with self._strangers.turn(address) as note_unknown:
            found = await self._look_up(digest, token)
            if found is None:
                note_unknown()
            return found

    async def _look_up(self, digest: bytes, token: str) -> _Known | None:
        answer = self._answers.get(digest)
        if answer is None or self._is_old(answer):
            answer = self._ask(digest, token)
        try:
            if answer.task.done():
                return answer.task.result()
            return await asyncio.shield(answer.task)  # others may wait for the same answer
        except UnavailableError:
            if self._answers.get(digest) is answer:
                del self._answers[digest]
            raise

    def forget(self, token: str) -> None:
        """Ask anew the next time."""
        self._answers.pop(hashlib.sha256(token.encode()).digest(), None)

    def forget_user(self, name: str) -> None:
        """Ask anew for every token of a person, who may have none any more."""
        for digest, answer in list(self._answers.items()):
            if _is_of(answer.task, name):
                del self._answers[digest]

    def _is_old(self, answer: _Answer) -> bool:
        return self._clock() - answer.asked_at > REMEMBERED_SECONDS

    def _ask(self, digest: bytes, token: str) -> _Answer:
        answer = _Answer(self._clock(), asyncio.create_task(self._request(token)))
        answer.task.add_done_callback(_look_at_error)
        self._answers[digest] = answer
        self._answers.move_to_end(digest)
        while len(self._answers) > _MOST_REMEMBERED:
            self._answers.popitem(last=False)
        return answer

    async def _request(self, token: str) -> _Known | None:
        with _told_unavailable():
            return _read(await self._client.get(self._address, headers=_headers(token)))


@contextlib.contextmanager
def _told_unavailable() -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise UnavailableError(
            "The hub does not say who you are right now. Try again in a moment."
        ) from error


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"token {token}"}


def _read(response: httpx.Response) -> _Known | None:
    if response.status_code in _UNKNOWN:
        return None
    response.raise_for_status()
    return _known(response.json())


def _known(model: dict[str, Any]) -> _Known:
    groups = frozenset(map(str, model.get("groups") or ()))
    scopes = frozenset(map(str, model["scopes"]))
    return _Known(Caller(str(model["name"]), groups, scopes), model["kind"] == "user")


def _is_of(task: asyncio.Task[_Known | None], name: str) -> bool:
    """Return whether an answer is, or may become, that a token is a person's."""
    if not task.done() or task.cancelled() or task.exception():
        return True
    found = task.result()
    return found is not None and found.caller.name == name


def _look_at_error(task: asyncio.Task[_Known | None]) -> None:
    """Have asyncio not complain of an error that nobody waits for any more."""
    if not task.cancelled():
        task.exception()
