"""Which of a user's tokens is a workspace's own."""

from __future__ import annotations

from typing import Any

from jupyterhub import orm


class KnowsItsToken:
    """What has a spawner know the token of its workspace, also after a restart of the hub.

    A token's note and scopes do not tell: users can make others that look the same.
    """

    api_token: str
    db: Any
    _kept_hash = ""

    @property
    def token_hash(self) -> str:
        """Hash of the token as the hub's database holds it; empty: there is none."""
        if not self.api_token:
            return self._kept_hash
        found = orm.APIToken.find(self.db, self.api_token)
        return str(found.hashed) if found else ""

    def get_state(self) -> dict[str, Any]:
        """Keep the hash."""
        state: dict[str, Any] = super().get_state()  # type: ignore[misc]
        return state | {"token_hash": self.token_hash}

    def load_state(self, state: dict[str, Any]) -> None:
        """Find the hash of an earlier hub again."""
        super().load_state(state)  # type: ignore[misc]
        self._kept_hash = state.get("token_hash", "")

    def clear_state(self) -> None:
        """Forget the token."""
        super().clear_state()  # type: ignore[misc]
        self._kept_hash = ""
