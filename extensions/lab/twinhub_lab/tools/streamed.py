"""A tool whose requests and answers may be larger than memory.

jupyter-server-proxy holds each request and each answer as a whole. Here no more is read from one
side than the other has taken.
"""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler, stream_request_body

from twinhub_lab.tools.cookies import confine
from twinhub_lab.tools.handlers import ToolHandler
from twinhub_lab.tools.upstream import HOP_BY_HOP, Upstream

if TYPE_CHECKING:
    from twinhub_lab.tools.upstream import Head

_LARGEST_BODY = 2**44
_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


@stream_request_body
class StreamedToolHandler(ToolHandler):
    """Asks the tool with the whole path, prefix included, exactly as it was asked for."""

    _upstream: Upstream | None = None

    def set_default_headers(self) -> None:
        """Announce that an answer ends the connection where it leaves a body unread.

        Tornado hangs up then, and a proxy that is not told so sends the next request, which may be
        somebody else's, into a connection that is gone.
        """
        super().set_default_headers()
        if self._has_body and self._upstream is None:
            self.set_header("Connection", "close")

    async def prepare(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Tornado's
        """Find out who asks; where a body follows, have the tool ready for it."""
        await super().prepare(*args, **kwargs)
        if self._finished or not self._has_body:
            return
        self.request.connection.set_max_body_size(_LARGEST_BODY)
        if await self._is_up():
            await self._connect()
            self.clear_header("Connection")
        else:
            self.finish()

    @property
    def _has_body(self) -> bool:
        headers = self.request.headers
        return "Transfer-Encoding" in headers or headers.get("Content-Length", "0") != "0"

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
