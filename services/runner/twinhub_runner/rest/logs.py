"""Logs of runs: read in parts, or followed as events or by a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import PlainTextResponse, StreamingResponse
from twinhub_kit.callers import KnownCaller, identify
from twinhub_kit.errors import ServiceError

from twinhub_runner.following import follow
from twinhub_runner.loglines import read_log
from twinhub_runner.rest.runs import MOST_NUMBER, TheRunner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import Receive, Scope, Send
    from twinhub_api.runner.logs import Heard

    from twinhub_runner.runner import Runner
    from twinhub_runner.store.rows import RunRow

router = APIRouter(tags=["logs"])

_FIRST_OWN_CODE = 4000
"""Of codes that close a WebSocket, which each application gives its meaning (RFC 6455, 7.4.2)."""
_LONGEST_REASON = 120

Start = Annotated[
    int, Query(ge=0, le=MOST_NUMBER, description="Bytes of the log before what is wanted.")
]
Attempt = Annotated[
    int | None, Query(ge=1, le=1000, description="Which try; without it, the newest one.")
]


@router.get("/api/runs/{run_id}/log", response_class=PlainTextResponse)
def read_run_log(
    run_id: str, runner: TheRunner, caller: KnownCaller, start: Start = 0,
    attempt: Attempt = None,
) -> PlainTextResponse:  # fmt: skip
    """Return records of a log, in lines `<milliseconds>⇥<process>⇥<stream>⇥<text>`.

    `X-Log-Start` and `X-Log-End` say where they begin and end; nothing is answered at the end of
    what there is now.
    """
    row = runner.find(caller, run_id)
    place = runner.places.of_try(run_id, attempt or row.attempt)
    piece = read_log(place.outside / "log", start)
    headers = {
        "X-Log-Start": str(piece.start), "X-Log-End": str(piece.end),
        "X-Content-Type-Options": "nosniff",
    }  # fmt: skip
    return PlainTextResponse(piece.records, headers=headers)


@router.get(
    "/api/runs/{run_id}/log/follow",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Lines, to the end."}},
)
async def follow_run_log(
    request: Request, run_id: str, runner: TheRunner, caller: KnownCaller, start: Start = 0,
    attempt: Attempt = None,
) -> StreamingResponse:  # fmt: skip
    """Stream a log as events until the run has ended, over all tries from the one that is named.

    Each line of `data` is a line of the log as JSON (`LogLine`). An id `<try>-<start>` is where
    what follows begins. The last event is called `end`.
    """
    row = await asyncio.to_thread(runner.find, caller, run_id)

    async def look() -> RunRow:
        runner.followers.check_end()
        return await asyncio.to_thread(runner.find, await identify(request.scope), run_id)

    async def events() -> AsyncIterator[bytes]:
        with contextlib.suppress(ServiceError):
            async for heard in follow(runner.places, look, run_id, attempt or row.attempt, start):
                yield _as_event(heard)
            yield b"event: end\ndata:\n\n"

    return _Counted(events(), runner.followers.begin(caller))


class _Counted(StreamingResponse):
    """A stream of events that is counted to its end, also of a client that has gone by then."""

    def __init__(self, events: AsyncIterator[bytes], end: Callable[[], None]) -> None:
        super().__init__(
            events, media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )  # fmt: skip
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._end()


def _as_event(heard: Heard | None) -> bytes:
    if heard is None:
        return b": still here\n\n"
    lines = "".join(f"data: {line.as_json()}\n" for line in heard.lines)
    return f"id: {heard.attempt}-{heard.end}\n{lines}\n".encode()


@router.websocket("/api/runs/{run_id}/log/socket")
async def follow_by_socket(
    socket: WebSocket, run_id: str, start: Start = 0, attempt: Attempt = None
) -> None:
    """Send a log as JSON until the run has ended, then close with 1000.

    Each message is `{"attempt": 1, "end": 1234, "lines": [LogLine, …]}`. Who may not see the run is
    told by a code: 4000 and the status of HTTP, such as 4404.
    """
    await socket.accept()
    runner: Runner = socket.app.state.runner

    async def look() -> RunRow:
        runner.followers.check_end()
        return await asyncio.to_thread(runner.find, await identify(socket.scope), run_id)

    async def send() -> None:
        try:
            end = runner.followers.begin(await identify(socket.scope))
            try:
                newest = (await look()).attempt
                async for heard in follow(runner.places, look, run_id, attempt or newest, start):
                    if heard is not None:
                        await socket.send_text(_as_message(heard))
            finally:
                end()
        except ServiceError as error:
            await socket.close(_FIRST_OWN_CODE + error.status, str(error)[:_LONGEST_REASON])
        else:
            await socket.close()

    sending = asyncio.create_task(send())
    leaving = asyncio.create_task(_wait_until_left(socket))
    await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    for task in (sending, leaving):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect):
            await task


def _as_message(heard: Heard) -> str:
    lines = ",".join(line.as_json() for line in heard.lines)
    return f'{{"attempt":{heard.attempt},"end":{heard.end},"lines":[{lines}]}}'


async def _wait_until_left(socket: WebSocket) -> None:
    """Return when the other side has gone; what it sends means nothing."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
