"""What every sign-in with a password shares: the form, the check of a hash, the throttle."""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from prometheus_client import Counter
from tornado.web import HTTPError

from twinhub_hub.auth.attempts import WrongAttempts
from twinhub_hub.auth.audited import AuditedSignIns
from twinhub_hub.auth.deleting import RecordsDeletions
from twinhub_hub.auth.folders import MakesFolders
from twinhub_hub.auth.leaving import KnowsLeavers
from twinhub_hub.auth.user_names import SafeNames
from twinhub_hub.pages.handlers import SignedOutHandler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyterhub.app import JupyterHub
    from jupyterhub.user import User
    from tornado.web import RequestHandler

    from twinhub_hub.settings.values import Role

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


class PasswordAuthenticator(
    AuditedSignIns, RecordsDeletions, MakesFolders, SafeNames, KnowsLeavers
):
    """Checks a password against an argon2 hash, which a subclass finds by the name.

    What it finds is read each time, so that a change holds at once.
    """

    def find_hash(self, name: str) -> str | None:
        """Return the hash of an account's password, or None: there is no such account."""
        raise NotImplementedError

    def find_role(self, name: str) -> Role | None:
        """Return what an account may do now, or None: there is no such account."""
        raise NotImplementedError

    def __init__(self, **options: object) -> None:
        """Begin without wrong attempts: a restart of the hub forgets them."""
        super().__init__(**options)
        self._attempts = WrongAttempts(
            most=WRONG_ATTEMPTS, seconds=ATTEMPT_SECONDS, clock=monotonic
        )

    def get_handlers(self, app: JupyterHub) -> Sequence[tuple[object, ...]]:
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
        if not self.validate_username(name):  # nobody's: checked to take as long, not remembered
            await self._is_accepted("", password)
            return None
        # one key for all ways to write a name
        key = (self.normalize_username(name), handler.request.remote_ip)
        self._check_attempts(key)
        added = self._attempts.add(key)  # before the check: attempts at once count each other
        if not await self._is_accepted(name, password):
            return None
        self._attempts.take_back(key, added)
        return self._describe(name, handler.find_user(key[0]))

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
        if len(password) > MAX_PASSWORD:
            return False
        return await asyncio.to_thread(self._is_right, name, password)

    async def refresh_user(
        self, user: User, handler: object = None, **options: object
    ) -> dict[str, Any] | None:
        """Return what a user may do now, which may have changed; None ends the session."""
        return self._describe(user.name, user)

    async def has_left(self, user: User) -> bool:
        """Return whether there is no such account any more."""
        return self.find_role(user.name) is None

    def _describe(self, name: str, user: User | None) -> dict[str, Any] | None:
        """Return what an account may do, in the groups that an admin has put its user into.

        The instructors' group follows from the role alone. All is said each time: of itself
        JupyterHub never takes the rights of an admin back.
        """
        role = self.find_role(name)
        if role is None:
            return None
        groups = {group.name for group in user.groups} - {INSTRUCTORS} if user else set()
        groups |= {INSTRUCTORS} if role == "instructor" else set()
        return {"name": name, "admin": role == "admin", "groups": sorted(groups)}

    def _is_right(self, name: str, password: str) -> bool:
        found = self.find_hash(name)
        try:
            _HASHER.verify(found or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
        return found is not None
