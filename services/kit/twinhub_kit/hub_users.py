"""In which groups people are by now, asked of JupyterHub's own API with a service's token."""

from __future__ import annotations

from http import HTTPStatus

import httpx

from twinhub_kit.errors import UnavailableError
from twinhub_kit.hub_api import HubApi

_UNKNOWN = "No such user"
"""What the hub says of a user whom it has not; any other 404 tells nothing of the user."""


class HubUsers(HubApi):
    """The users of a hub, for a token with the scopes ``read:users:name`` and ``…:groups``.

    And with `twinhub_api.scopes.READ_ACCESS`, for who may still be here.
    """

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

    def has_left(self, name: str) -> bool:
        """Return whether a user may be here no more, or is none any more.

        Raises:
            UnavailableError: the hub does not say so.
        """
        try:
            answer = self._request("GET", "users", name, "access")
            if answer.status_code == HTTPStatus.NOT_FOUND:
                return _is_unknown(answer)
            answer.raise_for_status()
            said = answer.json()
            if said["name"] == name:
                return bool(said["has_left"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise UnavailableError(f"The hub does not say whether {name!r} has left.") from error
        raise UnavailableError(f"The hub answers with another user than {name!r}.")


def _is_unknown(answer: httpx.Response) -> bool:
    """Return true; or raise where the answer is of something else than of a user."""
    if str(answer.json()["message"]).startswith(_UNKNOWN):
        return True
    raise KeyError("message")
