"""What answers at a tool's address: the tool, that it is starting, or why it did not start."""

from __future__ import annotations

import asyncio
import mimetypes
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jupyter_server.utils import ensure_async, url_path_join
from jupyter_server_proxy.handlers import NamedLocalProxyHandler
from jupyter_server_proxy.rawsocket import RawSocketHandler
from tornado.web import HTTPError

from twinhub_lab.tools.cookies import without_ours
from twinhub_lab.tools.files import find_file
from twinhub_lab.tools.logs import last_lines
from twinhub_lab.tools.pages import POLICY, failure_page, starting_page
from twinhub_lab.tools.program import ToolFailedError

if TYPE_CHECKING:
    from twinhub_lab.tools.program import Program

PATIENCE_SECONDS = 1.0
"""How long a page is waited for before it says that the tool is starting."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FOREIGN = frozenset({"cross-site", "same-site"})
_FRAMES = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})


class _Tool(NamedLocalProxyHandler):  # type: ignore[misc]
    """Both kinds of handlers: who may ask, and that the program is there before it is asked."""

    program: Program
    _may_see = False
    """Whether the hub has said who asks, and that they may."""

    def initialize(self, program: Program) -> None:
        """Take the tool's program."""
        self.program = program

    async def prepare(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Tornado's
        """Let in who is signed in, from a page of this origin.

        Raises:
            HTTPError: 403, another origin's page asks.
        """
        await super().prepare(*args, **kwargs)
        self.request.tool_path = url_path_join(self.base_url, self.program.tool.name) + "/"
        if not self._finished and self._is_foreign():
            raise HTTPError(HTTPStatus.FORBIDDEN, "A page of another origin asked for a tool.")
        self._may_see = not self._finished

    def _is_foreign(self) -> bool:
        """Return whether another origin's page does more than lead here by a link."""
        request = self.request
        if request.headers.get("Sec-Fetch-Site") in _FOREIGN:
            is_visit = request.headers.get("Sec-Fetch-Mode") == "navigate"
            is_framed = request.headers.get("Sec-Fetch-Dest") in _FRAMES
            return is_framed or not (is_visit and request.method in _SAFE)
        return request.method not in _SAFE and not self.check_origin()

    def proxy_request_headers(self) -> Any:  # noqa: ANN401 - Tornado's headers
        """Return what the tool is asked with: nothing that signs its user in elsewhere."""
        headers = super().proxy_request_headers()
        headers.pop("Authorization", None)
        cookie = without_ours(headers.pop("Cookie", ""))
        if cookie:
            headers["Cookie"] = cookie
        return headers

    async def open(self, path: str) -> None:
        """Open a websocket to the tool; it is closed when the tool does not start."""
        try:
            await self.program.ensure(self.base_url)
        except ToolFailedError as failure:
            self.log.warning("%s: %s", self.program.tool.title, failure.reason)
            self.close(1011, failure.reason)
            return
        self._take_port()
        await super().open(path)

    def _take_port(self) -> None:
        if not self.program.tool.has_socket:
            self.port = self.program.port

    async def _is_up(self) -> bool:
        """Return whether the tool answers; where it does not, the answer has been written."""
        program, is_page = self.program, self._is_page()
        try:
            if (before := program.take_failure(is_shown=is_page)) is not None:
                raise before
            async with asyncio.timeout(PATIENCE_SECONDS if is_page else None):
                await program.ensure(self.base_url)
        except TimeoutError:
            self._write_page(HTTPStatus.ACCEPTED, starting_page(program.tool.title))
        except ToolFailedError as failure:
            program.take_failure(is_shown=is_page)
            self._write_failure(failure)
        else:
            return True
        return False

    def _is_page(self) -> bool:
        """Return whether somebody looks at the answer."""
        headers = self.request.headers
        target = headers.get("Sec-Fetch-Dest", "document")
        is_shown = target in {"document", "iframe"} and "text/html" in headers.get("Accept", "")
        return self.request.method == "GET" and is_shown

    def _write_failure(self, failure: ToolFailedError) -> None:
        """Say what failed; whoever has read it and asks again makes a new attempt."""
        self.log.warning("%s: %s", self.program.tool.title, failure.reason)
        heading = f"{self.program.tool.title} did not start"
        self._write_page(failure.status, failure_page(heading, failure.reason, failure.lines))

    def write_error(self, status_code: int, **details: Any) -> None:  # noqa: ANN401 - Tornado's
        """Say that the tool broke off, in place of a page that would blame the server."""
        if status_code < HTTPStatus.INTERNAL_SERVER_ERROR or not self._may_see:
            super().write_error(status_code, **details)
            return
        tool = self.program.tool
        page = failure_page(f"{tool.title} does not answer", "It runs.", last_lines(tool.log))
        self._write_page(HTTPStatus.BAD_GATEWAY, page)
        self.finish()

    def _write_page(self, status: HTTPStatus, page: str) -> None:
        self.clear()
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.write(page)


class ToolHandler(_Tool):
    """A tool that speaks HTTP."""

    async def proxy(self, port: int, path: str) -> None:
        """Answer with the tool's answer, or with a page in its place."""
        del port  # known once the tool has been started
        if not await self._is_up():
            return
        self._take_port()
        await ensure_async(super().proxy(self.port, path))


class RawToolHandler(_Tool, RawSocketHandler):  # type: ignore[misc]
    """A tool that speaks something else, through websockets, and the files of its page."""

    async def proxy(self, port: int, path: str) -> None:
        """Answer with a file of the tool's page; the page itself comes when the tool is up.

        Raises:
            HTTPError: 404, there is no such file; 405, it was to be changed.
        """
        del port
        if self.request.method not in {"GET", "HEAD"}:
            raise HTTPError(HTTPStatus.METHOD_NOT_ALLOWED)
        found = find_file(self.program.tool.page, path)
        if found is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        if self._is_page() and not await self._is_up():
            return
        kind, _ = mimetypes.guess_type(found.name)
        self.set_header("Content-Type", kind or "application/octet-stream")
        self.set_header("Cache-Control", "no-cache")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(found.read_bytes())
