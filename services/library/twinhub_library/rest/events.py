"""Events: what changes in the areas that the caller may read, as it happens.

Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from twinhub_api.library.events import ASSET_CHANGED, CHANGES_LOST, AssetChanged
from twinhub_kit.callers import get_caller
from twinhub_kit.errors import BusyError, ServiceError
from twinhub_kit.files.errors import NotThereError
from twinhub_kit.numbers import read_number

from twinhub_library.access import readable_areas
from twinhub_library.areas import Area, split_path
from twinhub_library.rest.needs import KnownCaller, TheLibrary, list_teams

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from twinhub_kit.callers import Caller

    from twinhub_library.changes import Change, Subscription
    from twinhub_library.library import Library

router = APIRouter(tags=["events"])

SECONDS_BETWEEN_CHECKS = 1.0
"""So often a stream looks whether its token still counts; the hub's answers are 8 s old at most."""
SECONDS_BETWEEN_HEARTBEATS = 15.0
MOST_STREAMS = 50
"""Streams that one person has open at once: each takes a connection, and looks each second."""


@router.get(
    "/api/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events, until closed."}},
)
async def stream_events(
    request: Request,
    library: TheLibrary,
    caller: KnownCaller,
    last_event_id: Annotated[str, Header(description="Where an earlier stream ended.")] = "",
) -> StreamingResponse:
    """Send `asset.changed` for each change in the caller's areas, until the token counts no more.

    `changes.lost` says that some changes cannot be told: read again what is shown.
    """
    if library.changes.count_of(caller.name) >= MOST_STREAMS and not caller.is_everybody:
        raise BusyError(f"{MOST_STREAMS} streams of events of yours are open: close some.")
    after = _read_event_id(last_event_id, library.changes.epoch)
    areas = await _list_areas(library, caller)
    return StreamingResponse(
        _stream(request, library, caller.name, areas, after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(
    request: Request, library: Library, name: str, areas: frozenset[Area], after: int | None
) -> AsyncIterator[str]:
    with library.changes.subscribe(after=after, by=name) as subscription:
        yield f"retry: 2000\nid: {_event_id(library, library.changes.last_number)}\n\n"
        checked = beaten = time.monotonic()
        while True:
            try:
                change = await _next_within(subscription, SECONDS_BETWEEN_CHECKS)
            except StopAsyncIteration:
                return
            now = time.monotonic()
            if now - checked >= SECONDS_BETWEEN_CHECKS:
                try:
                    areas = await _list_areas(library, await get_caller(request))
                except ServiceError:
                    return
                checked = now
            if change is not None and (text := _render(library, change, areas)):
                beaten = now
                yield text
            elif now - beaten >= SECONDS_BETWEEN_HEARTBEATS:
                beaten = now
                yield ": still here\n\n"


async def _next_within(subscription: Subscription, seconds: float) -> Change | None:
    try:
        async with asyncio.timeout(seconds):
            return await anext(subscription)
    except TimeoutError:
        return None


async def _list_areas(library: Library, caller: Caller) -> frozenset[Area]:
    is_near = library.is_near  # hundreds of streams ask each second
    teams = list_teams(library) if is_near else await asyncio.to_thread(list_teams, library)
    return frozenset(readable_areas(caller, teams))


def _render(library: Library, change: Change, areas: frozenset[Area]) -> str:
    """Return an event; nothing for a change that is not the caller's to know."""
    if change.path is None:
        name, data = CHANGES_LOST, "{}"
    else:
        try:
            area, _ = split_path(change.path)
        except NotThereError:
            return ""
        if area not in areas:
            return ""
        name, data = ASSET_CHANGED, AssetChanged(path=str(change.path)).model_dump_json()
    return f"id: {_event_id(library, change.number)}\nevent: {name}\ndata: {data}\n\n"


def _event_id(library: Library, number: int) -> str:
    return f"{library.changes.epoch}-{number}"


def _read_event_id(text: str, epoch: str) -> int | None:
    """Return the number after which a stream goes on; -1, which nobody knows, for an odd text."""
    if not text:
        return None
    found, _, number = text.partition("-")
    known = read_number(number) if found == epoch else None
    return -1 if known is None else known
