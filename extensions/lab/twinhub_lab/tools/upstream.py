"""One request to a program at a unix socket, of which no more than a piece is in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from tornado.httputil import HTTPHeaders

CHUNK = 256 * 1024

HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip
"""Headers that concern one connection; see RFC 9110, 7.6.1."""

_LEFT_OUT = HOP_BY_HOP | {"expect", "forwarded", "x-forwarded-for", "x-real-ip"}
"""The server itself has told to go on; addresses of others are nothing that a tool has to know."""


@dataclass(frozen=True)
class Head:
    """How an answer begins."""

    status: int
    reason: str
    headers: Sequence[tuple[str, str]]

    def header(self, name: str) -> str:
        """Return the value of a header; empty when it is not there."""
        return next((value for key, value in self.headers if key.lower() == name), "")


class Upstream:
    """One request to the program, over a connection of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use an open connection."""
        self._reader, self._writer = reader, writer
        self._is_chunked = False

    @classmethod
    async def connect(cls, path: str) -> Self:
        """Connect to a unix socket.

        Raises:
            OSError: nothing listens there.
        """
        return cls(*await asyncio.open_unix_connection(path, limit=CHUNK))

    async def begin(self, method: str, target: str, headers: HTTPHeaders) -> None:
        """Send the head of a request."""
        self._is_chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
        lines = [f"{method} {target} HTTP/1.1", *_passed_on(headers.get_all()), "Connection: close"]
        if self._is_chunked:
            lines.append("Transfer-Encoding: chunked")
        self._writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        await self._writer.drain()

    async def send(self, data: bytes) -> None:
        """Send a part of the body; returns when the program has taken most of it."""
        if self._is_chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._writer.write(data)
        await self._writer.drain()

    async def end(self) -> None:
        """Say that the body is whole."""
        if self._is_chunked:
            self._writer.write(b"0\r\n\r\n")
            await self._writer.drain()

    async def read_head(self) -> Head:
        """Return how the answer begins.

        Raises:
            OSError: the program gave none, or none that is HTTP.
        """
        try:
            text = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status, *lines = text.rstrip("\r\n").split("\r\n")
            _, code, reason = (f"{status} ").split(" ", 2)
            pairs = [line.partition(":") for line in lines]
            head = Head(int(code), reason.strip(), [(k, v.strip()) for k, _, v in pairs])
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise OSError(f"the program's answer is not whole: {error}") from error
        return head if head.status != HTTPStatus.CONTINUE else await self.read_head()

    async def read_body(self, head: Head) -> AsyncIterator[bytes]:
        """Yield the parts of the body.

        Raises:
            OSError: it ends too early.
        """
        if "chunked" in head.header("transfer-encoding").lower():
            async for part in self._read_chunks():
                yield part
            return
        length = head.header("content-length")
        left = int(length) if length.isdigit() else None
        while left != 0:
            part = await self._reader.read(CHUNK if left is None else min(CHUNK, left))
            if not part and left is None:
                return
            if not part:
                raise OSError("the program's answer ends too early")
            left = None if left is None else left - len(part)
            yield part

    async def _read_chunks(self) -> AsyncIterator[bytes]:
        try:
            while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
                while size:
                    part = await self._reader.readexactly(min(CHUNK, size))
                    size -= len(part)
                    yield part
                await self._reader.readexactly(2)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise OSError("the program's answer ends too early") from error

    def close(self) -> None:
        """End the connection, whatever is under way."""
        self._writer.close()


def _passed_on(headers: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers if name.lower() not in _LEFT_OUT]
