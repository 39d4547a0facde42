"""Trial sign-in: a file of argon2 hashes, for an installation that has no identity provider yet."""

from __future__ import annotations

import asyncio
import json
import secrets
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from prometheus_client import Counter
from tornado.web import HTTPError
from traitlets import Set, Unicode

from twinhub_hub.auth.attempts import WrongAttempts
from twinhub_hub.auth.user_names import SafeNames
from twinhub_hub.pages.handlers import SignedOutHandler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyterhub.user import User
    from tornado.web import RequestHandler

INSTRUCTORS = "instructor"
"""Name of the instructors' group, and of their role."""

MAX_PASSWORD = 1024
"""Longest password in characters: a longer one is no attempt to sign in, and costs time to hash."""

WRONG_ATTEMPTS, ATTEMPT_SECONDS = 10, 60
"""Wrong passwords for one name from one address within some seconds, before more are refused."""

REFUSED = Counter(
    "twinhub_sign_in_refused_total", "Attempts to sign in that came too soon after wrong ones"
)

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_urlsafe())
"""What an unknown name is checked against, so that it takes as long as a known one."""


class TrialAuthenticator(SafeNames):
    """Checks a password against ``accounts_file``: a JSON object of user name to argon2 hash.

    The file is read at each sign-in, so that a changed password holds at once.
    """

    accounts_file = Unicode(help="File of hashes, mode 0600.").tag(config=True)
    instructors = Set(help="Names of the instructors.").tag(config=True)

    def __init__(self, **options: object) -> None:
        """Begin without wrong attempts: a restart of the hub forgets them."""
        super().__init__(**options)
        self._attempts = WrongAttempts(
            most=WRONG_ATTEMPTS, seconds=ATTEMPT_SECONDS, clock=monotonic
        )

    def get_handlers(self, app: object) -> Sequence[tuple[object, ...]]:
        """Add the page that says that one is signed out."""
        return [*super().get_handlers(app), (r"/logout", SignedOutHandler)]

    async def authenticate(
        self, handler: RequestHandler, data: Mapping[str, str]
    ) -> dict[str, Any] | None:
        """Return the user and whether it is an admin when the password is right, else None.

        Raises:
            HTTPError: 400, the form has no user name or no password; 429, too many wrong ones.
        """
        if "username" not in data or "password" not in data:
            raise HTTPError(HTTPStatus.BAD_REQUEST, "Fill in a user name and a password.")
        name, password = data["username"], data["password"]
        key = (name, handler.request.remote_ip)
        self._check_attempts(key)
        if not await self._is_accepted(name, password):
            self._attempts.add(key)
            return None
        return self._describe(name)

    def _check_attempts(self, key: tuple[str, str]) -> None:
        seconds = self._attempts.wait_seconds(key)
        if not seconds:
            return
        REFUSED.inc()
        error = HTTPError(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"Too many wrong passwords for this name. Try again in {seconds} seconds.",
        )
        error.headers = {"Retry-After": str(seconds)}  # what the hub's error page sends along
        raise error

    async def _is_accepted(self, name: str, password: str) -> bool:
        if len(password) > MAX_PASSWORD or not self.validate_username(name):
            return False
        return await asyncio.to_thread(self._is_right, name, password)

    async def refresh_user(
        self, user: User, handler: object = None, **options: object
    ) -> dict[str, Any]:
        """Return what the settings say of a user now: a hub that restarts may have others."""
        return self._describe(user.name)

    def _describe(self, name: str) -> dict[str, Any]:
        # said each time: of itself JupyterHub never takes the rights of an admin back
        groups = [INSTRUCTORS] if name in self.instructors else []
        return {"name": name, "admin": name in self.admin_users, "groups": groups}

    def _is_right(self, name: str, password: str) -> bool:
        hashes: dict[str, Any] = json.loads(Path(self.accounts_file).read_text("utf-8"))
        try:
            _HASHER.verify(hashes.get(name, _NOBODY), password)
        except (VerificationError, InvalidHashError):
            return False
        return name in hashes
