"""A tool whose requests and answers may be larger than memory.

jupyter-server-proxy holds each request and each answer as a whole. Here no more is read from one
side than the other has taken.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler, stream_request_body

from twinhub_lab.tools.cookies import confine
from twinhub_lab.tools.handlers import ToolHandler
from twinhub_lab.tools.upstream import HOP_BY_HOP, Upstream

if TYPE_CHECKING:
    from tornado.httputil import HTTPServerRequest

    from twinhub_lab.tools.program import Program
    from twinhub_lab.tools.upstream import Head

_LARGEST_BODY = 2**44
_PATIENCE_SECONDS = 2.0
"""How long the body of a refused request is read; what is longer is hung up on."""

_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class _Patient:
    """A connection that takes the rest of a request before it counts as answered.

    Where bodies are streamed, Tornado hangs up after each answer of `prepare`, such as a refusal,
    without a word, even where there is no body. A proxy then loses the answer, or sends the next
    request, which may be somebody else's, into a connection that is gone.
    """

    def __init__(self, request: HTTPServerRequest) -> None:
        """Take the place of a request's connection."""
        self._connection = request.connection
        self._body = request._body_future  # noqa: SLF001 - Tornado tells it in no other way
        self._waiting: asyncio.Task[None] | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a connection has
        """Be the connection in all else."""
        return getattr(self._connection, name)

    def finish(self) -> None:
        """End the answer, which is on its way, when the body has come or takes too long."""
        if self._body.done():
            self._connection.finish()
        else:
            self._waiting = asyncio.create_task(self._finish_patiently())

    async def _finish_patiently(self) -> None:
        await asyncio.wait([self._body], timeout=_PATIENCE_SECONDS)
        self._connection.finish()


@stream_request_body
class StreamedToolHandler(ToolHandler):
    """Asks the tool with the whole path, prefix included, exactly as it was asked for."""

    _upstream: Upstream | None = None

    def initialize(self, program: Program) -> None:
        """Take the tool's program, and end no connection before the whole request has come."""
        super().initialize(program)
        self.request.connection = _Patient(self.request)
        self.request.connection.set_max_body_size(_LARGEST_BODY)

    async def prepare(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Tornado's
        """Find out who asks; where a body follows, have the tool ready for it."""
        await super().prepare(*args, **kwargs)
        headers = self.request.headers
        has_body = "Transfer-Encoding" in headers or headers.get("Content-Length", "0") != "0"
        if self._finished or not has_body:
            return
        if await self._is_up():
            await self._connect()
        else:
            self.finish()

    async def data_received(self, chunk: bytes) -> None:
        """Hand on a part of a body, and take no more before the tool has it."""
        if self._upstream is not None:
            with suppress(OSError):  # it has answered already, and that answer is read
                await self._upstream.send(chunk)

    async def _proxy_buffered(self, *_arguments: object) -> None:
        """Take the place of what holds answers in memory.

        Raises:
            HTTPError: 502, the tool gave no answer.
        """
        upstream = self._upstream or await self._connect()
        try:
            with suppress(OSError):
                await upstream.end()
            await self._answer(upstream, await upstream.read_head())
        except StreamClosedError:
            return  # whoever asked is gone
        except OSError as error:
            self.log.warning("%s: an answer broke off: %r", self.program.tool.title, error)
            if not self._headers_written:
                raise HTTPError(HTTPStatus.BAD_GATEWAY, str(error)) from error
            self.request.connection.stream.close()  # so that nobody takes a part for the whole
        finally:
            upstream.close()

    _proxy_progressive = _proxy_buffered

    async def _connect(self) -> Upstream:
        try:
            self._upstream = await Upstream.connect(str(self.program.tool.socket))
            headers = self.proxy_request_headers()
            await self._upstream.begin(self.request.method, self.request.uri, headers)
        except OSError as error:
            raise HTTPError(HTTPStatus.BAD_GATEWAY, f"It does not answer: {error}") from error
        return self._upstream

    async def _answer(self, upstream: Upstream, head: Head) -> None:
        self.set_status(head.status, head.reason or None)
        given = [(name, value) for name, value in head.headers if name.lower() not in HOP_BY_HOP]
        for name in {name for name, _ in given}:
            self.clear_header(name)
        for name, value in given:
            self.add_header(name, value)
        confine(self._headers, self.request.tool_path)
        if self.request.method != "HEAD" and head.status not in _WITHOUT_BODY:
            async for part in upstream.read_body(head):
                self.write(part)
                # jupyter-server-proxy's own returns before the client has taken it
                await RequestHandler.flush(self)
        self.finish()

    def on_connection_close(self) -> None:
        """End what is under way for somebody who is gone."""
        if self._upstream is not None:
            self._upstream.close()
        super().on_connection_close()
