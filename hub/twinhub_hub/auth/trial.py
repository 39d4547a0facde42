"""Trial sign-in: a file of argon2 hashes, for an installation that has no identity provider yet."""

from __future__ import annotations

import asyncio
import json
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from tornado.web import HTTPError
from traitlets import Set, Unicode

from twinhub_hub.auth.user_names import SafeNames
from twinhub_hub.pages.handlers import SignedOutHandler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyterhub.user import User

INSTRUCTORS = "instructor"
"""Name of the instructors' group, and of their role."""

MAX_PASSWORD = 1024
"""Longest password in characters: a longer one is no attempt to sign in, and costs time to hash."""

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_urlsafe())
"""What an unknown name is checked against, so that it takes as long as a known one."""


class TrialAuthenticator(SafeNames):
    """Checks a password against ``accounts_file``: a JSON object of user name to argon2 hash.

    The file is read at each sign-in, so that a changed password holds at once.
    """

    accounts_file = Unicode(help="File of hashes, mode 0600.").tag(config=True)
    instructors = Set(help="Names of the instructors.").tag(config=True)

    def get_handlers(self, app: object) -> Sequence[tuple[object, ...]]:
        """Add the page that says that one is signed out."""
        return [*super().get_handlers(app), (r"/logout", SignedOutHandler)]

    async def authenticate(self, handler: object, data: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the user and whether it is an admin when the password is right, else None.

        Raises:
            HTTPError: 400, the form has no user name or no password.
        """
        if "username" not in data or "password" not in data:
            raise HTTPError(HTTPStatus.BAD_REQUEST, "Fill in a user name and a password.")
        name, password = data["username"], data["password"]
        if len(password) > MAX_PASSWORD or not self.validate_username(name):
            return None
        if not await asyncio.to_thread(self._is_right, name, password):
            return None
        return self._describe(name)

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
