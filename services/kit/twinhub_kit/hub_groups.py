"""Which groups JupyterHub has, asked of its own API with a service's token."""

from __future__ import annotations

from http import HTTPStatus

import httpx

from twinhub_kit.errors import UnavailableError
from twinhub_kit.hub_api import HubApi

_UNKNOWN = "No such group"
"""What the hub says of a group that it has not; any other 404 tells nothing of the group."""


class HubGroups(HubApi):
    """The groups of a hub, for a token with the scope ``read:groups:name``."""

    def has(self, name: str) -> bool:
        """Return whether the hub has a group.

        Raises:
            UnavailableError: the hub does not say so, or does not say that it has not.
        """
        try:
            answer = self._request("GET", "groups", name)
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
