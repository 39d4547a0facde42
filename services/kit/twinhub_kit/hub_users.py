"""In which groups people are by now, asked of JupyterHub's own API with a service's token."""

from __future__ import annotations

import httpx

from twinhub_kit.errors import UnavailableError
from twinhub_kit.hub_api import HubApi


class HubUsers(HubApi):
    """The users of a hub, for a token with the scopes ``read:users:name`` and ``…:groups``."""

    def groups_of(self, name: str) -> frozenset[str]:
        """Return the groups that a user is in.

        Raises:
            UnavailableError: the hub does not say so, such as of a user whom it has not.
        """
        try:
            answer = self._request("GET", "users", name)
            answer.raise_for_status()
            said = answer.json()
            if said["name"] == name:
                return frozenset(map(str, said["groups"]))
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise UnavailableError(f"The hub does not say in which groups {name!r} is.") from error
        raise UnavailableError(f"The hub answers with another user than {name!r}.")
