"""Which groups JupyterHub has, asked of its own API with a service's token."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import httpx

from twinhub_kit.errors import UnavailableError

if TYPE_CHECKING:
    from types import TracebackType

_REQUEST_SECONDS = 5.0
_UNKNOWN = "No such group"
"""What the hub says of a group that it has not; any other 404 tells nothing of the group."""


class HubGroups:
    """The groups of a hub, for a token with the scope ``read:groups:name``."""

    def __init__(self, api_url: str, token: str, *, client: httpx.Client | None = None) -> None:
        """Ask the API at an address such as ``http://127.0.0.1:8081/hub/api``."""
        self._api_url = api_url.rstrip("/")
        self._headers = {"Authorization": f"token {token}"}
        self._client = client or httpx.Client(timeout=_REQUEST_SECONDS, trust_env=False)

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

    def has(self, name: str) -> bool:
        """Return whether the hub has a group.

        Raises:
            UnavailableError: the hub does not say so, or does not say that it has not.
        """
        address = f"{self._api_url}/groups/{quote(name, safe='')}"
        try:
            answer = self._client.get(address, headers=self._headers)
            if answer.status_code == HTTPStatus.NOT_FOUND:
                said = str(answer.json()["message"])
                if said.startswith(_UNKNOWN):
                    return False
            answer.raise_for_status()
            if answer.json()["name"] == name:
                return True
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise UnavailableError(f"The hub does not say whether it has {name!r}.") from error
        raise UnavailableError(f"The hub answers with another group than {name!r}.")
