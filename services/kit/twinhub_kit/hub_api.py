"""JupyterHub's own API, as a service asks it by its token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import httpx

if TYPE_CHECKING:
    from types import TracebackType


class HubApi:
    """Connections to the API of a hub; close them by using it in a ``with``."""

    request_seconds = 5.0
    """How long an answer is waited for."""

    def __init__(self, api_url: str, token: str, *, client: httpx.Client | None = None) -> None:
        """Ask the API at an address such as ``http://127.0.0.1:8081/hub/api``."""
        self._api_url = api_url.rstrip("/")
        self._headers = {"Authorization": f"token {token}"}
        self._client = client or httpx.Client(timeout=self.request_seconds, trust_env=False)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections to the hub."""
        self._client.close()

    def _request(self, method: str, *path: str, json: object = None) -> httpx.Response:
        """Ask for a path of plain names; no status of an answer is an error.

        Raises:
            httpx.HTTPError: there is no answer.
        """
        address = "/".join((self._api_url, *(quote(name, safe="") for name in path)))
        return self._client.request(method, address, json=json, headers=self._headers)
