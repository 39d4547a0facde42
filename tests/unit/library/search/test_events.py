"""The stream of events, over ASGI: what it sends, to whom, and when it ends."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_kit.callers import Caller, TableIdentity
from twinhub_kit.files.paths import RelativePath
from twinhub_library.main import make_library_application
from twinhub_library.rest import events

from tests.fixtures.library import CALLERS, TEAM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, MutableMapping

    from fastapi import FastAPI
    from twinhub_library.library import Library


class _Stream:
    """One request of `GET /api/events`."""

    def __init__(self, application: FastAPI, token: str, last: str) -> None:
        headers = [(b"authorization", f"token {token}".encode()), (b"last-event-id", last.encode())]
        scope = {
            "type": "http", "method": "GET", "path": "/api/events", "raw_path": b"/api/events",
            "query_string": b"", "headers": headers, "http_version": "1.1", "scheme": "http",
            "server": ("library", 80), "client": ("c", 1), "root_path": "",
        }  # fmt: skip
        self.status = 0
        self.ended = asyncio.Event()
        self._text = ""
        self._came = asyncio.Event()
        self.task = asyncio.ensure_future(application(scope, self._receive, self._send))

    async def _receive(self) -> MutableMapping[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = int(str(message["status"]))
        else:
            body = message.get("body", b"")
            assert isinstance(body, bytes)
            self._text += body.decode()
            if not message.get("more_body"):
                self.ended.set()
        self._came.set()

    async def wait_for(self, text: str) -> str:
        """Return all that has come, once a text is in it."""
        async with asyncio.timeout(20):
            while text not in self._text:
                self._came.clear()
                await self._came.wait()
        return self._text


@pytest.fixture(name="callers")
def _callers() -> dict[str, Caller]:
    return {f"token-of-{name}": caller for name, caller in CALLERS.items()}


@pytest.fixture(name="application")
def _application(library: Library, callers: dict[str, Caller]) -> FastAPI:
    return make_library_application(library, TableIdentity(callers))


@contextlib.asynccontextmanager
async def _open(application: FastAPI, name: str, last: str = "") -> AsyncIterator[_Stream]:
    stream = _Stream(application, f"token-of-{name}", last)
    try:
        await stream.wait_for("\n\n" if name else "}")
        yield stream
    finally:
        stream.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await stream.task


def _announce(library: Library, *paths: str) -> None:
    for path in paths:
        library.changes.announce(RelativePath.parse(path))


async def test_changes_are_told_to_those_who_may_read_there(
    application: FastAPI, library: Library
) -> None:
    async with _open(application, "member") as stream:
        _announce(
            library, "alice/models/secret", "member/models/own", f"teams/{TEAM}/models/pump",
            "teams/other/models/x", "common/data/weather.csv",
        )  # fmt: skip
        text = await stream.wait_for("weather")
    assert "secret" not in text
    assert "other" not in text
    assert 'event: asset.changed\ndata: {"path":"member/models/own"}' in text
    assert f'data: {{"path":"teams/{TEAM}/models/pump"}}' in text


async def test_an_admin_is_told_nothing_of_other_peoples_areas(
    application: FastAPI, library: Library
) -> None:
    async with _open(application, "admin") as stream:
        _announce(library, "alice/models/secret", f"teams/{TEAM}/x", "common/data/weather.csv")
        text = await stream.wait_for("weather")
    assert "secret" not in text
    assert TEAM not in text


async def test_without_a_token_there_is_no_stream(application: FastAPI) -> None:
    async with _open(application, "") as stream:
        assert stream.status == 401


async def test_one_person_has_not_all_the_streams(
    application: FastAPI, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_STREAMS", 3)
    async with contextlib.AsyncExitStack() as opened:
        for _ in range(3):
            await opened.enter_async_context(_open(application, "alice"))
        many = _Stream(application, "token-of-alice", "")
        await many.wait_for('"code":"busy"')
        assert many.status == 429
        await opened.enter_async_context(_open(application, "bob"))
    assert library.changes.count_of("alice") == 0
    async with _open(application, "alice") as stream:
        assert stream.status == 200


async def test_a_stream_goes_on_after_the_last_event(
    application: FastAPI, library: Library
) -> None:
    _announce(library, "alice/models/a", "alice/models/b")
    async with _open(application, "alice", f"{library.changes.epoch}-1") as stream:
        text = await stream.wait_for("models/b")
    assert "models/a" not in text


@pytest.mark.parametrize("last", ["0000-1", "x", "🔥", "-", "9" * 5000])
async def test_after_an_event_that_nobody_knows_all_is_to_be_read_again(
    application: FastAPI, last: str
) -> None:
    async with _open(application, "alice", last) as stream:
        await stream.wait_for("event: changes.lost\ndata: {}\n\n")


async def test_a_stream_ends_when_its_token_counts_no_more(
    application: FastAPI, callers: dict[str, Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert events.SECONDS_BETWEEN_CHECKS <= 5
    monkeypatch.setattr(events, "SECONDS_BETWEEN_CHECKS", 0.05)
    async with _open(application, "alice") as stream:
        del callers["token-of-alice"]
        async with asyncio.timeout(10):
            await stream.ended.wait()


async def test_who_leaves_a_team_hears_no_more_of_it(
    application: FastAPI, library: Library, callers: dict[str, Caller],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(events, "SECONDS_BETWEEN_CHECKS", 0.0)
    async with _open(application, "member") as stream:
        callers["token-of-member"] = Caller("member")
        _announce(library, "member/models/first")
        await stream.wait_for("first")
        _announce(library, f"teams/{TEAM}/models/pump", "member/models/last")
        assert TEAM not in await stream.wait_for("last")


async def test_a_quiet_stream_shows_that_it_is_open(
    application: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "SECONDS_BETWEEN_CHECKS", 0.02)
    monkeypatch.setattr(events, "SECONDS_BETWEEN_HEARTBEATS", 0.02)
    async with _open(application, "alice") as stream:
        await stream.wait_for(": still here\n\n")
