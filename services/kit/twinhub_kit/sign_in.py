"""Sign-in of browsers to a service's pages: the service is an OAuth client of the hub.

The authorization code flow of RFC 6749 with PKCE (RFC 7636), as JupyterHub offers it to services.
What the hub gives is a token of the visitor that may use this service; the browser keeps it in a
cookie that only this service can read (encrypted, HttpOnly), so nothing is kept here. Signing out
of the hub revokes it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx
from cryptography.fernet import Fernet, InvalidToken
from starlette.responses import RedirectResponse

from twinhub_kit.errors import ServiceError, UnavailableError
from twinhub_kit.hub import make_hub_client

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_STATE_SECONDS = 600
_MOST_ATTEMPTS = 8
"""Sign-ins of one browser that are under way at once, such as of pages that it restores."""


class SignInFailedError(ServiceError):
    """A sign-in that did not end as it began; opening the page once more helps."""

    code = "sign-in-failed"
    status = 400


@dataclass(frozen=True)
class Addresses:
    """Where the parts of a sign-in are."""

    hub_public: str
    """The hub as browsers see it, such as ``https://twins.example.org/hub``."""
    hub_api: str
    """Its API as this service reaches it."""
    callback: str
    """This service's callback as browsers see it, absolute, as the hub has it registered."""
    pages: str
    """Path below which the pages are, as browsers see it, such as ``/open``."""

    @property
    def callback_path(self) -> str:
        """Path of the callback as browsers see it."""
        return httpx.URL(self.callback).path

    @property
    def is_encrypted(self) -> bool:
        """Whether browsers come by https."""
        return self.callback.startswith("https://")


class SignIn:
    """Signs browsers in, by the hub."""

    def __init__(
        self,
        addresses: Addresses,
        client_id: str,
        client_secret: str,
        *,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        """Act as an OAuth client of the hub, such as ``service-library`` with its token."""
        self._addresses, self._client_id, self._client_secret = addresses, client_id, client_secret
        self._cookie = f"twinhub-{client_id.removeprefix('service-')}"
        key = hashlib.sha256(b"cookies of pages\0" + client_secret.encode()).digest()
        self._key = key
        self._fernet = Fernet(base64.urlsafe_b64encode(key))
        self._client = client or make_hub_client()

    async def close(self) -> None:
        """Close the connections to the hub."""
        await self._client.aclose()

    def read_token(self, request: Request) -> str:
        """Return the token of a browser that has signed in; empty without one."""
        try:
            return self._fernet.decrypt(request.cookies.get(self._cookie, "")).decode()
        except InvalidToken:
            return ""

    def xsrf_token(self, request: Request) -> str:
        """Return what a form of this browser's session has to send along."""
        session = request.cookies.get(self._cookie, "").encode()
        return hmac.new(self._key, b"xsrf\0" + session, hashlib.sha256).hexdigest()

    def begin(self, request: Request) -> Response:
        """Lead a browser to the hub, which leads it back to the page that it asked for."""
        state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        query = f"?{request.url.query}" if request.url.query else ""
        attempt = {"state": state, "verifier": verifier, "page": request.url.path + query}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        asked = urlencode(
            {
                "client_id": self._client_id,
                "redirect_uri": self._addresses.callback,
                "response_type": "code",
                "state": state,
                "code_challenge": challenge.decode().rstrip("="),
                "code_challenge_method": "S256",
            }
        )
        answer = RedirectResponse(
            f"{self._addresses.hub_public}/api/oauth2/authorize?{asked}", HTTPStatus.FOUND
        )
        answer.headers["Cache-Control"] = "no-store"
        self._set(
            answer, self._state_cookie(state), json.dumps(attempt),
            path=self._addresses.callback_path, max_age=_STATE_SECONDS,
        )  # fmt: skip
        return answer

    async def end(self, request: Request) -> Response:
        """Take what the hub has sent a browser back with, and lead it to its page.

        Raises:
            SignInFailedError: it is not what this browser began, or the hub has refused.
            UnavailableError: the hub does not answer.
        """
        state = request.query_params.get("state", "")
        cookie = self._state_cookie(state)
        attempt = self._read_attempt(request.cookies.get(cookie, ""), state)
        token = await self._get_token(request.query_params.get("code", ""), attempt["verifier"])
        answer = RedirectResponse(_local(attempt["page"], self._addresses.pages), HTTPStatus.FOUND)
        answer.headers["Cache-Control"] = "no-store"
        answer.delete_cookie(cookie, path=self._addresses.callback_path)
        self._set(answer, self._cookie, token, path=self._addresses.pages)
        return answer

    def _state_cookie(self, state: str) -> str:
        """Return a name for one of several sign-ins at once."""
        number = int(hashlib.sha256(state.encode()).hexdigest(), 16) % _MOST_ATTEMPTS
        return f"{self._cookie}-state-{number}"

    def _set(
        self, answer: Response, name: str, value: str, *, path: str, max_age: int | None = None
    ) -> None:
        answer.set_cookie(
            name, self._fernet.encrypt(value.encode()).decode(), path=path, max_age=max_age,
            httponly=True, samesite="lax", secure=self._addresses.is_encrypted,
        )  # fmt: skip

    def _read_attempt(self, cookie: str, state: str) -> dict[str, str]:
        try:
            text = self._fernet.decrypt(cookie.encode(), ttl=_STATE_SECONDS)
        except InvalidToken as error:
            raise SignInFailedError(
                "The sign-in took too long, or began in another browser. Open the page once more."
            ) from error
        attempt: dict[str, str] = json.loads(text)
        if not hmac.compare_digest(attempt["state"].encode(), state.encode()):
            raise SignInFailedError("Another sign-in came between. Open the page once more.")
        return attempt

    async def _get_token(self, code: str, verifier: str) -> str:
        if not code:
            raise SignInFailedError("The hub did not let you in. Open the page once more.")
        form = {
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": self._addresses.callback,
        }
        try:
            answer = await self._client.post(f"{self._addresses.hub_api}/oauth2/token", data=form)
            if answer.is_client_error:
                raise SignInFailedError("The hub did not let you in. Open the page once more.")
            return str(answer.raise_for_status().json()["access_token"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise UnavailableError(
                "The hub does not answer right now. Try again in a moment."
            ) from error


def _local(page: str, pages: str) -> str:
    """Return a page of ours; anything else is the first of them."""
    is_ours = page == pages or page.startswith((f"{pages}/", f"{pages}?"))
    return page if is_ours and "\\" not in page else f"{pages}/"
