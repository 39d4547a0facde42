"""The pages of a sign-in through a provider: the way there, the way back, the way out."""

from __future__ import annotations

from http import HTTPStatus

from oauthenticator.oauth2 import OAuthCallbackHandler, OAuthLoginHandler, OAuthLogoutHandler
from tornado.web import HTTPError

from twinhub_hub.auth.provider_errors import NO_ANSWER
from twinhub_hub.pages.handlers import SignedOutHandler


class ProviderSignedOutHandler(SignedOutHandler, OAuthLogoutHandler):  # type: ignore[misc]
    """Says that one is signed out of TwinHub; the provider's own session goes on."""


class ProviderLoginHandler(OAuthLoginHandler):  # type: ignore[misc]
    """Sends people to the provider, where it answers; else their browser would say so, not we."""

    async def get(self) -> None:
        """Redirect to the provider.

        Raises:
            HTTPError: 503, it does not answer, or is no provider.
        """
        try:
            await self.authenticator.find_provider()
        except NO_ANSWER as error:
            raise self.authenticator.explain(error) from error
        super().get()


class ProviderCallbackHandler(OAuthCallbackHandler):  # type: ignore[misc]
    """Where the provider sends people back to; says what to do when that sign-in is not known."""

    def check_error(self) -> None:
        """Let pass what is no refusal.

        Raises:
            HTTPError: 502, our application may not ask for what it asks for; 400, any other.
        """
        if self.get_argument("error", "") == "invalid_scope":
            service, scopes = self.authenticator.login_service, self.authenticator.scope
            raise HTTPError(
                HTTPStatus.BAD_GATEWAY,
                f"{service} does not let this TwinHub ask for all that it asks for. An "
                f"administrator should tick these scopes of the application at {service}: "
                f"{', '.join(scopes)}",
            )
        super().check_error()

    def check_state(self) -> None:
        """Let pass what was begun here.

        Raises:
            HTTPError: 400, it was not: another browser, another address, or long ago.
        """
        try:
            super().check_state()
        except HTTPError as error:
            site = self.authenticator.oauth_callback_url.removesuffix("/hub/oauth_callback")
            raise HTTPError(
                HTTPStatus.BAD_REQUEST,
                "This browser has not begun this sign-in: it was begun in another one, under "
                "another address of this TwinHub, or too long ago, or it has ended already. "
                f"Sign in again at {site}",
            ) from error
