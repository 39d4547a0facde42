"""The tokens of people's logins at the GitLab that they sign in by, asked of the hub at each use.

The hub renews them and tells nothing else of a login. They go to addresses of that GitLab alone:
the same scheme, host and port, below its path.
"""

from __future__ import annotations

import contextlib
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
from twinhub_api.logins import GitToken, is_at
from twinhub_kit.errors import UnavailableError
from twinhub_kit.hub_api import HubApi

from twinhub_library.repositories.credentials import LoginToken, LoginTokenError, NoLogins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_kit.callers import Caller

    from twinhub_library.repositories.addresses import Address
    from twinhub_library.repositories.credentials import CredentialSource
    from twinhub_library.settings import LibrarySettings


class HubLogins(HubApi):
    """The logins of a hub, for a service's token with the scope `twinhub_api.scopes.GIT_TOKEN`."""

    request_seconds = 60.0
    """The hub asks GitLab meanwhile, at most three times."""

    def __init__(
        self, api_url: str, token: str, gitlab_url: str, *, client: httpx.Client | None = None
    ) -> None:
        """Ask the API of a hub whose people sign in by the GitLab at an address."""
        super().__init__(api_url, token, client=client)
        self._gitlab_url = gitlab_url

    def serves(self, address: Address) -> bool:
        """Return whether an address is at the GitLab that people sign in by."""
        return is_at(str(address), self._gitlab_url)

    def get_login_token(self, caller: Caller, address: Address) -> LoginToken:
        """Return a fresh token of the caller's own login.

        Raises:
            LoginTokenError: the address is elsewhere, or the login does not serve any more.
            UnavailableError: the hub does not answer.
        """
        if not self.serves(address):
            raise LoginTokenError(
                f"Your login is from {self._gitlab_url}, and this repository is not: give a token "
                "for it."
            )
        try:
            answer = self._request(
                "POST", "users", caller.name, "git-token", json={"remote": str(address)}
            )
            if answer.status_code == HTTPStatus.CONFLICT:
                raise LoginTokenError(str(answer.json()["message"]))
            answer.raise_for_status()
            found = GitToken.model_validate_json(answer.content)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise UnavailableError(_NO_ANSWER) from error
        return LoginToken(found.token, found.may_write)


_NO_ANSWER = "The hub does not give the token of your login right now. Try again in a moment."


@contextlib.contextmanager
def open_logins(settings: LibrarySettings, token: str) -> Iterator[CredentialSource]:
    """Open what an installation's settings say of logins; ``token`` is the library's own."""
    if not settings.git.login_url:
        yield NoLogins()
        return
    with HubLogins(settings.hub_api_url, token, settings.git.login_url) as logins:
        yield logins
