"""Serves the monitor's page and its figures on a unix socket."""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_unix_socket
from tornado.web import Application, HTTPError, RequestHandler

from twinhub_lab.monitor.figures import Group
from twinhub_lab.monitor.look import Looker, end_process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS = 2.0
"""Between two looks, as long as somebody watches."""

_KEPT = 300
_MARK = "X-TwinHub-Monitor"
"""Header that only a page of the same origin can send."""

_FOLDER = Path(__file__).parent
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
    " frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
_FILES = {
    "": ("page.html", "text/html; charset=UTF-8"),
    "page.js": ("page.js", "text/javascript; charset=UTF-8"),
    "page.css": ("page.css", "text/css; charset=UTF-8"),
}


class Watch:
    """The latest look and the course of some minutes, for all who watch."""

    def __init__(self, looker: Looker) -> None:
        """Begin with one look, from which shares are counted."""
        self._looker = looker
        self._course: deque[dict[str, object]] = deque(maxlen=_KEPT)
        self._latest = looker.look()
        self._turn = asyncio.Lock()
        self._at = 0.0

    async def look(self) -> Mapping[str, object]:
        """Return a look that is not older than the interval, and the course."""
        async with self._turn:
            now = asyncio.get_running_loop().time()
            if now - self._at >= SECONDS / 2:
                self._at = now
                self._latest = await asyncio.to_thread(self._looker.look)
                self._course.append(_point(self._latest))
        return {**self._latest, "course": list(self._course), "interval_seconds": SECONDS}


class _Handler(RequestHandler):  # type: ignore[misc]
    def set_default_headers(self) -> None:
        """Keep the page to itself."""
        self.set_header("Content-Security-Policy", _POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")

    def write_error(self, status_code: int, **details: object) -> None:
        """Say what is wrong as JSON."""
        raised = details.get("exc_info")
        error = raised[1] if isinstance(raised, tuple) else None
        said = error.log_message if isinstance(error, HTTPError) else None
        self.finish({"message": said or HTTPStatus(status_code).phrase})


class PageHandler(_Handler):
    """`GET /` and the files of the page."""

    def get(self, name: str) -> None:
        """Send a file of the page."""
        if name not in _FILES:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        file, kind = _FILES[name]
        self.set_header("Content-Type", kind)
        self.finish((_FOLDER / file).read_bytes())


class FiguresHandler(_Handler):
    """`GET /figures`: a look."""

    def initialize(self, watch: Watch) -> None:
        """Take what looks."""
        self._watch = watch

    async def get(self) -> None:
        """Answer with the latest look and the course."""
        self.finish(json.dumps(await self._watch.look()))


class EndHandler(_Handler):
    """`POST /end`: end one of the user's own processes."""

    def post(self) -> None:
        """End ``{"pid": …, "started": …}``.

        Raises:
            HTTPError: 403, not from the page, or not to be ended; 404, it is not there any more.
        """
        if self.request.headers.get(_MARK) != "1":
            raise HTTPError(HTTPStatus.FORBIDDEN, "Only the monitor's own page may ask for this.")
        try:
            asked = json.loads(self.request.body)
            is_there = end_process(int(asked["pid"]), float(asked["started"]))
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise HTTPError(HTTPStatus.BAD_REQUEST, "Say which process.") from error
        except PermissionError as error:
            raise HTTPError(HTTPStatus.FORBIDDEN, str(error)) from error
        if not is_there:
            raise HTTPError(HTTPStatus.NOT_FOUND, "This process has ended already.")
        self.set_status(HTTPStatus.NO_CONTENT)


def application(watch: Watch) -> Application:
    """Return what answers."""
    return Application(
        [
            (r"/figures", FiguresHandler, {"watch": watch}),
            (r"/end", EndHandler),
            (r"/([a-z.]*)", PageHandler),
        ]
    )


def main(arguments: Sequence[str]) -> None:
    """Serve on the socket that is the one argument."""
    (socket,) = arguments
    asyncio.run(_serve(socket))


async def _serve(socket: str) -> None:
    folders = [Path.home(), Path("/workspace"), Path("/workspace/common"), Path("/tmp")]  # noqa: S108
    watch = Watch(Looker(Group(), folders))
    before = os.umask(0o177)
    server = HTTPServer(application(watch))
    server.add_socket(bind_unix_socket(socket, mode=0o600))
    os.umask(before)
    await asyncio.Event().wait()


def _point(look: Mapping[str, object]) -> dict[str, object]:
    cpu, memory = look["cpu"], look["memory"]
    assert isinstance(cpu, dict)  # noqa: S101 - our own
    assert isinstance(memory, dict)  # noqa: S101
    return {"at": look["at"], "cpu": cpu["cores"], "memory": memory["used"]}
