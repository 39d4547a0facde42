"""What JupyterLab asks: when the workspace stops, and that it be kept."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError, authenticated

if TYPE_CHECKING:
    from twinhub_lab.reporter import Reporter

_RESOURCE = "server"


def handlers(base_url: str, reporter: Reporter) -> list[tuple[object, ...]]:
    """Return the handlers below a server's address."""
    return [
        (url_path_join(base_url, "twinhub/work"), WorkHandler, {"reporter": reporter}),
        (url_path_join(base_url, "twinhub/keep"), KeepHandler, {"reporter": reporter}),
    ]


class _Handler(APIHandler):  # type: ignore[misc]
    auth_resource = _RESOURCE

    def initialize(self, reporter: Reporter) -> None:
        """Take what talks with the hub."""
        self._reporter = reporter

    def _answer(self) -> None:
        self.finish(json.dumps(self._reporter.latest))


class WorkHandler(_Handler):
    """`GET twinhub/work`: what the hub last answered; ``{}`` before it has."""

    @authenticated
    @authorized
    def get(self) -> None:
        """Answer at once, without asking the hub."""
        self._answer()


class KeepHandler(_Handler):
    """`POST twinhub/keep`: have the hub keep the workspace; answers as the other."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Ask the hub.

        Raises:
            HTTPError: 502, the hub does not answer or refuses.
        """
        try:
            await self._reporter.keep()
        except (OSError, HTTPClientError) as error:
            raise HTTPError(HTTPStatus.BAD_GATEWAY, f"The hub did not keep it: {error}") from error
        self._answer()
