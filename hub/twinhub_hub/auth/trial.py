"""Trial sign-in: a file of argon2 hashes, for an installation that has no identity provider yet."""

from __future__ import annotations

import asyncio
import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from jupyterhub.auth import Authenticator
from traitlets import Unicode

if TYPE_CHECKING:
    from collections.abc import Mapping

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_urlsafe())
"""What an unknown name is checked against, so that it takes as long as a known one."""


class TrialAuthenticator(Authenticator):  # type: ignore[misc]
    """Checks a password against ``accounts_file``: a JSON object of user name to argon2 hash.

    The file is read at each sign-in, so that a changed password holds at once.
    """

    accounts_file = Unicode(help="File of hashes, mode 0600.").tag(config=True)

    async def authenticate(self, handler: object, data: Mapping[str, str]) -> str | None:
        """Return the user name when the password is right, else None."""
        name, password = data.get("username", ""), data.get("password", "")
        return name if await asyncio.to_thread(self._is_right, name, password) else None

    def _is_right(self, name: str, password: str) -> bool:
        hashes: dict[str, Any] = json.loads(Path(self.accounts_file).read_text("utf-8"))
        try:
            _HASHER.verify(hashes.get(name, _NOBODY), password)
        except (VerificationError, InvalidHashError):
            return False
        return name in hashes
