"""A request's body on its way into a file: written as it comes, stopped before the disk is full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from twinhub_kit.numbers import read_number

from twinhub_library.errors import BadRequestError
from twinhub_library.room import CHECKED_EACH

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Request

_WRITTEN_AT_ONCE = 1 << 20


def declared_size(request: Request) -> int:
    """Return how many bytes a request says that it brings; 0 where it does not say."""
    return read_number(request.headers.get("content-length", "0")) or 0


async def receive_body(
    request: Request, write: Callable[[bytearray], None], check: Callable[[int], None]
) -> int:
    """Write a body and return its bytes; ``check`` is called with those to come next, in a thread.

    Raises:
        BadRequestError: the client has gone before its end.
        LibraryError: what ``write`` and ``check`` raise.
    """
    buffer, size, allowed = bytearray(), 0, declared_size(request)
    try:
        async for chunk in request.stream():
            buffer += chunk
            if len(buffer) >= _WRITTEN_AT_ONCE:
                if size + len(buffer) > allowed:
                    await run_in_threadpool(check, CHECKED_EACH)
                    allowed = size + CHECKED_EACH
                await run_in_threadpool(write, buffer)
                size += len(buffer)
                buffer = bytearray()
    except ClientDisconnect as error:
        raise BadRequestError("The request ended before its body did: send it again.") from error
    await run_in_threadpool(write, buffer)
    return size + len(buffer)
