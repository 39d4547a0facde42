"""Answers from descriptors: nothing is opened by a path, and nothing is held in memory."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from twinhub_library.nearness import MOST_BYTES_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from io import FileIO

    from starlette.types import Receive, Scope, Send

    Turn = Callable[[], AbstractAsyncContextManager[object]]

_READ = 1 << 20


class FileResponse(Response):
    """A file, or ranges of it, from a descriptor that it closes.

    Not by ASGI's ``http.response.pathsend``: granian opens the path when the answer is already
    done with here, so that ``/proc/self/fd/N`` may be gone or another file (measured), and sends no
    faster.
    """

    def __init__(
        self, file: FileIO, *, size: int, headers: Mapping[str, str],
        ranges: Sequence[tuple[int, int]] | None = None, has_body: bool = True,
    ) -> None:  # fmt: skip
        """Send all, or ranges of from and to before which."""
        self._file, self._size, self._has_body = file, size, has_body
        self._ranges = ranges
        self.status_code = 200 if ranges is None else 206
        self.background = None
        self.body = b""
        self._boundary = secrets.token_hex(12) if len(ranges or ()) > 1 else ""
        self._type = headers["Content-Type"]
        self._content = self._read_small() if ranges is None and has_body else None
        sent = {**headers, "Accept-Ranges": "bytes", **self._describe_ranges()}
        sent["Content-Length"] = str(sum(map(_length, self._pieces())))
        self.init_headers(sent)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; reading stops when the client goes."""
        del scope
        with self._file:
            await send(
                {
                    "type": "http.response.start", "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )  # fmt: skip
            if self._content is not None:
                await send({"type": "http.response.body", "body": self._content})
            elif not self._has_body:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await send_chunks(self._read(), receive, send)

    def _read_small(self) -> bytes | None:
        """Return the whole of a small file; None of a larger one, or if it became another."""
        if self._size > MOST_BYTES_AT_ONCE:
            return None
        content = os.pread(self._file.fileno(), self._size, 0)
        return content if len(content) == self._size else None

    def _describe_ranges(self) -> dict[str, str]:
        if self._ranges is None:
            return {}
        if len(self._ranges) == 1:
            return {"Content-Range": self._content_range(self._ranges[0])}
        return {"Content-Type": f"multipart/byteranges; boundary={self._boundary}"}

    def _content_range(self, one: tuple[int, int]) -> str:
        return f"bytes {one[0]}-{one[1] - 1}/{self._size}"

    def _pieces(self) -> Iterator[bytes | tuple[int, int]]:
        """Yield what is sent: text between parts, and ranges of the file."""
        if self._ranges is None:
            yield 0, self._size
        elif len(self._ranges) == 1:
            yield self._ranges[0]
        else:
            for one in self._ranges:
                yield (
                    f"--{self._boundary}\r\nContent-Type: {self._type}\r\n"
                    f"Content-Range: {self._content_range(one)}\r\n\r\n"
                ).encode()
                yield one
                yield b"\r\n"
            yield f"--{self._boundary}--\r\n".encode()

    def _read(self) -> Iterator[bytes]:
        for piece in self._pieces():
            if isinstance(piece, bytes):
                yield piece
                continue
            at, end = piece
            while at < end:
                chunk = os.pread(self._file.fileno(), min(_READ, end - at), at)
                if not chunk:
                    raise EOFError("a file became shorter while it was sent")
                at += len(chunk)
                yield chunk


class ChunksResponse(Response):
    """What an iterator yields, made in a thread as the client takes it, and closed when it goes."""

    def __init__(
        self, first: bytes, chunks: Iterator[bytes], turn: Turn, headers: Mapping[str, str]
    ) -> None:
        """Send the first chunk and the others, each made in a turn; their bytes are not known."""
        self._first, self._chunks, self._turn = first, chunks, turn
        self.status_code, self.background, self.body = 200, None, b""
        self.raw_headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        del scope
        await send(
            {
                "type": "http.response.start", "status": self.status_code,
                "headers": self.raw_headers,
            }
        )  # fmt: skip
        await send_chunks(self._chunks, receive, send, first=self._first, turn=self._turn)


async def send_chunks(
    chunks: Iterator[bytes], receive: Receive, send: Send, *, first: bytes = b"",
    turn: Turn = contextlib.nullcontext,
) -> None:  # fmt: skip
    """Send chunks as the body, until the client goes; the iterator is closed in any case."""
    gone = asyncio.create_task(_wait_until_gone(receive))
    try:
        if first:
            await send({"type": "http.response.body", "body": first, "more_body": True})
        while not gone.done():
            async with turn():
                chunk = await run_in_threadpool(next, chunks, None)
            if chunk is None:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                break
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        gone.cancel()
        close = getattr(chunks, "close", None)
        if close is not None:
            await run_in_threadpool(close)


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _length(piece: bytes | tuple[int, int]) -> int:
    return len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
