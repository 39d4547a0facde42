"""Sign-in through any OpenID provider, which is found by its discovery document.

See OpenID Connect Core 1.0 and OpenID Connect Discovery 1.0.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any

from oauthenticator.generic import GenericOAuthenticator
from traitlets import Unicode

from twinhub_hub.auth.provider import DISCOVERY, ProviderAuthenticator
from twinhub_hub.auth.provider_errors import NO_ANSWER, NotActiveError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyterhub.user import User

_FAILED_SECONDS = 3
"""How long a failure to discover the provider is everybody's answer."""


class OidcAuthenticator(ProviderAuthenticator, GenericOAuthenticator):  # type: ignore[misc]
    """Users and groups from the claims of the provider's user information."""

    issuer = Unicode(help="Address of the provider.").tag(config=True)
    groups_claim = Unicode("groups", help="Claim that holds the groups.").tag(config=True)

    def __init__(self, **options: object) -> None:
        """Know nothing of the provider yet: the hub starts without it."""
        super().__init__(**options)
        self._discovery: asyncio.Task[None] | None = None
        self._failed_at = 0.0

    @property
    def provider_address(self) -> str:
        """The issuer, which is where its document is."""
        return str(self.issuer)

    async def find_provider(self) -> None:
        """Return when the provider answers, and it is known where it has what."""
        await self.discover()
        await super().find_provider()

    async def discover(self) -> None:
        """Learn the provider's addresses, once; all who ask meanwhile wait for the same answer.

        A failure is the answer for some seconds more: else each who waits would ask anew, one
        time-out after the other.

        Raises:
            HTTPClientError, OSError: it does not answer.
            ValueError: the document is another issuer's, or lacks an address.
        """
        task = self._discovery
        if task is None or (self._failed_at and monotonic() - self._failed_at > _FAILED_SECONDS):
            self._failed_at = 0.0
            task = self._discovery = asyncio.ensure_future(self._discover())
        await asyncio.shield(task)

    async def _discover(self) -> None:
        try:
            await self._learn_addresses()
        except NO_ANSWER:
            self._failed_at = monotonic()
            raise

    async def _learn_addresses(self) -> None:
        found = await self.httpfetch(f"{self.issuer}{DISCOVERY}", label="discovering")
        if not isinstance(found, dict) or found.get("issuer") != self.issuer:
            raise ValueError(f"{self.issuer} does not describe itself as an OpenID provider")
        try:
            authorize, userinfo, token = (
                found[f"{name}_endpoint"] for name in ("authorization", "userinfo", "token")
            )
        except KeyError as error:
            raise ValueError(f"{self.issuer} does not name its {error}") from error
        self.authorize_url, self.userdata_url, self.token_url = authorize, userinfo, token

    async def authenticate(
        self, handler: object, data: Mapping[str, str] | None = None, **options: object
    ) -> dict[str, Any] | None:
        """Return who signs in; see `ProviderAuthenticator.authenticate`."""
        try:
            await self.discover()
        except NO_ANSWER as error:
            raise self.explain(error) from error
        return await super().authenticate(handler, data, **options)

    async def _ask_again(self, user: User, state: Mapping[str, Any]) -> dict[str, Any] | None:
        await self._or_down(self.discover())
        return await super()._ask_again(user, state)

    def get_subject(self, auth_state: Mapping[str, Any]) -> str:
        """Return the claim ``sub``, which the provider gives to nobody else."""
        claims = auth_state[self.user_auth_state_key]
        if claims.get("email_verified") is False:
            raise NotActiveError(
                f"Your e-mail address is not confirmed at {self.login_service}. Confirm it there, "
                "then sign in again.",
            )
        return str(claims["sub"])

    async def list_groups(self, auth_state: Mapping[str, Any]) -> list[str]:
        """Return the groups of the claim; an absent claim means none."""
        claims = auth_state[self.user_auth_state_key]
        found = claims.get(self.groups_claim, [])
        return [str(group) for group in found] if isinstance(found, list) else []
