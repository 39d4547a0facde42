"""Bodies of requests: no more of one is taken than is needed, and no more is kept than may be.

What is refused is answered before all of its body has come. A server that closes the connection
then has whoever is between it and the client, such as the edge, lose the answer: so the rest of
the body is taken and thrown away first, within limits.
"""

from __future__ import annotations

import asyncio
import contextlib
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 1 << 20
"""Of a body that is read as a whole, such as JSON."""
MOST_THROWN_AWAY = 1 << 30
_SECONDS = 60.0
_BODY, _END = "http.request", "http.disconnect"


class SmallBody:
    """Refuses a body that does not fit into memory; for routes that read one as a whole."""

    def __init__(self, application: ASGIApp) -> None:
        """Stand before a route."""
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MOST_BYTES:
                detail = f"The body has more than {MOST_BYTES:,} bytes: send less."
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
            return message

        await self._application(scope, counted, send)


class WholeBody:
    """Takes the rest of a body that was answered before it came."""

    def __init__(self, application: ASGIApp) -> None:
        """Stand before an application."""
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._application(scope, receive, send)
            return
        is_whole = False

        async def watched() -> Message:
            nonlocal is_whole
            message = await receive()
            is_whole = message["type"] == _END or not message.get("more_body", False)
            return message

        await self._application(scope, watched, send)
        left = MOST_THROWN_AWAY
        with contextlib.suppress(TimeoutError, _GoneError):
            async with asyncio.timeout(_SECONDS):
                while not is_whole and left > 0:
                    left -= len((await _receive_late(watched)).get("body", b""))


class _GoneError(Exception):
    """The client has gone."""


async def _receive_late(receive: Receive) -> Message:
    """Return more of a body after its answer; granian cancels what waits for a client that goes."""
    try:
        return await receive()
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise _GoneError from error


def _has_body(scope: Scope) -> bool:
    names = {name for name, value in scope["headers"] if value != b"0"}
    return not names.isdisjoint({b"content-length", b"transfer-encoding"})
