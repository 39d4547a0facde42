"""Passes requests on to a program at a unix socket, however large they are.

jupyter-server-proxy holds each request and each answer in memory as a whole. Here no more is read
from one side than the other has taken.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from tornado.httputil import HTTPHeaders

CHUNK = 256 * 1024
LARGEST_BODY = 2**44

_HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip
_NOT_FOR_TOOLS = {"authorization", "cookie", "expect", "forwarded", "x-forwarded-for", "x-real-ip"}
"""Who asks has been found out; no tool gets what proves it."""

_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
_SAFE = {"GET", "HEAD", "OPTIONS", "PROPFIND"}


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
    left_out = _HOP_BY_HOP | _NOT_FOR_TOOLS
    return [f"{name}: {value}" for name, value in headers if name.lower() not in left_out]


class StreamingMixin(RequestHandler):
    """Goes before jupyter-server-proxy's handler of a supervised program at a unix socket.

    The program gets the whole path, prefix included, exactly as it was asked for. A change that a
    page of another origin asks for is refused: sites of one hub are no strangers to cookies.
    """

    unix_socket: str
    _upstream: Upstream | None = None

    async def prepare(self) -> None:
        """Find out who asks; where a body follows, have the program ready for it."""
        await super().prepare()  # type: ignore[misc]
        if self._finished or self.request.method in _SAFE:
            return
        self._check_origin()
        self.request.connection.set_max_body_size(LARGEST_BODY)  # type: ignore[union-attr]
        await self.ensure_process()
        await self._connect()

    async def ensure_process(self) -> None:
        """Start the program, unless it runs."""
        await super().ensure_process()  # type: ignore[misc]

    async def data_received(self, chunk: bytes) -> None:
        """Hand on a part of a body, and take no more before the program has it."""
        if self._upstream is not None:
            with suppress(OSError):  # it has answered already, and that answer is read
                await self._upstream.send(chunk)

    async def _proxy_buffered(self, *_arguments: object) -> None:
        """Take the place of what holds answers in memory."""
        upstream = self._upstream or await self._connect()
        try:
            await upstream.end()
            await self._answer(upstream)
        except StreamClosedError:
            return  # whoever asked is gone
        except OSError as error:
            if self._headers_written:
                self.request.connection.close()  # type: ignore[union-attr]
                return
            raise HTTPError(HTTPStatus.BAD_GATEWAY, str(error)) from error
        finally:
            upstream.close()

    _proxy_progressive = _proxy_buffered

    async def _connect(self) -> Upstream:
        try:
            self._upstream = await Upstream.connect(self.unix_socket)
            target = self.request.uri or "/"
            await self._upstream.begin(str(self.request.method), target, self.request.headers)
        except OSError as error:
            raise HTTPError(HTTPStatus.BAD_GATEWAY, f"it does not answer: {error}") from error
        return self._upstream

    async def _answer(self, upstream: Upstream) -> None:
        head = await upstream.read_head()
        self.set_status(head.status, head.reason or None)
        own = {name.lower() for name, _ in head.headers}
        for name in own - _HOP_BY_HOP:
            self.clear_header(name)
        for name, value in head.headers:
            if name.lower() not in _HOP_BY_HOP:
                self.add_header(name, value)
        if self.request.method != "HEAD" and head.status not in _WITHOUT_BODY:
            async for part in upstream.read_body(head):
                self.write(part)
                await self.flush()
        await self.finish()

    def _check_origin(self) -> None:
        origin = self.request.headers.get("Origin")
        if origin and urlsplit(origin).netloc.lower() != self.request.host.lower():
            raise HTTPError(HTTPStatus.FORBIDDEN, "a page of another origin asks for a change")

    def on_connection_close(self) -> None:
        """End what is under way for somebody who is gone."""
        if self._upstream is not None:
            self._upstream.close()
        super().on_connection_close()
