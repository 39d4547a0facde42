"""Tells the hub what works in this workspace, and keeps what the hub answers."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from tornado.httpclient import AsyncHTTPClient, HTTPRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from logging import Logger

    from twinhub_lab.observer import Observer

INTERVAL = "TWINHUB_REPORT_SECONDS"
"""Variable by which the hub asks for reports: how many seconds lie between two."""

_FIRST_SECONDS = 5
_SECONDS = 20


class Reporter:
    """Sends reports on one workspace."""

    def __init__(self, url: str, token: str, interval_seconds: float) -> None:
        """Take the workspace's address in the hub's API, and its token there."""
        self._url, self._token = url, token
        self._interval = interval_seconds
        self.latest: Mapping[str, Any] = {}
        """The hub's last answer: when the workspace stops, what was seen, whether to tell."""

    @classmethod
    def from_environment(cls) -> Self | None:
        """Return the reporter that the hub asks for, if it does."""
        interval = os.environ.get(INTERVAL)
        if not interval:
            return None
        name = os.environ.get("JUPYTERHUB_SERVER_NAME", "")
        user = quote(os.environ["JUPYTERHUB_USER"], safe="")
        server = f"servers/{quote(name, safe='')}" if name else "server"
        url = f"{os.environ['JUPYTERHUB_API_URL']}/users/{user}/{server}"
        return cls(url, os.environ["JUPYTERHUB_API_TOKEN"], float(interval))

    async def run(self, observer: Observer, log: Logger) -> None:
        """Look and report for ever; what fails is said once and tried again."""
        said = ""
        await asyncio.sleep(min(_FIRST_SECONDS, self._interval))
        while True:
            trouble = ""
            try:
                report = await observer.look()
                self.latest = await self._send("work", report.as_json())
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look comes
                trouble = f"{type(error).__name__}: {error}"
                if trouble != said:
                    log.warning("TwinHub: the hub was not told what works here: %s", trouble)
            said = trouble
            await asyncio.sleep(self._interval)

    async def keep(self) -> None:
        """Ask the hub to keep the workspace.

        Raises:
            OSError, HTTPClientError: the hub does not answer, or refuses.
        """
        self.latest = await self._send("keep", {})

    async def _send(self, what: str, body: Mapping[str, object]) -> Mapping[str, Any]:
        request = HTTPRequest(
            f"{self._url}/{what}",
            method="POST",
            headers={"Authorization": f"token {self._token}", "Content-Type": "application/json"},
            body=json.dumps(body),
            request_timeout=_SECONDS,
        )
        answer: Mapping[str, Any] = json.loads((await AsyncHTTPClient().fetch(request)).body)
        return answer
