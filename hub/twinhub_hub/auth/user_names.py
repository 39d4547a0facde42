"""Which user names every way of signing in accepts."""

from __future__ import annotations

from jupyterhub.auth import Authenticator
from twinhub_api import names


class SafeNames(Authenticator):  # type: ignore[misc]
    """Refuses names that cannot stand for a folder, a volume and an origin."""

    def validate_username(self, username: str) -> bool:
        """Return whether a user can have this name; asked for names from the API too."""
        try:
            names.check_user_name(username)
        except ValueError:
            return False
        return bool(super().validate_username(username))
