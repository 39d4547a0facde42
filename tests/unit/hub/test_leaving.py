"""Of whom the hub says that they have left, whose runs end then."""

from __future__ import annotations

from time import monotonic
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_hub.auth.native import NativeAuthenticator
from twinhub_hub.auth.oidc import OidcAuthenticator
from twinhub_hub.auth.trial import TrialAuthenticator
from twinhub_hub.native_accounts import add_account

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.d4(8)
STATE = {"subject": "1", "token_response": {"access_token": "x"}}


def somebody(name: str = "alice", state: object = None, refreshed: float | None = None) -> Any:  # noqa: ANN401
    """Return a user of JupyterHub's, as far as it is asked here."""

    async def get_auth_state() -> object:
        return state

    return SimpleNamespace(
        name=name, get_auth_state=get_auth_state, _auth_refreshed=refreshed,
        encrypted_auth_state=None if state is None else b"x",
    )  # fmt: skip


async def test_who_has_no_account_any_more_has_left(tmp_path: Path) -> None:
    trial = TrialAuthenticator(roles={"alice": "user"})
    accounts = tmp_path / "accounts.json"
    add_account(accounts, "alice", role="user")
    native = NativeAuthenticator(accounts_file=str(accounts), deletions=str(tmp_path / "none"))
    for sign_in in (trial, native):
        assert not await sign_in.has_left(somebody())
        assert await sign_in.has_left(somebody("bob"))


class Provider(OidcAuthenticator):
    """Counts how often the provider is asked."""

    asked = 0

    async def refresh_user(self, user: Any, handler: object = None, **options: object) -> bool:  # noqa: ANN401
        """Say that the session is over."""
        self.asked += 1
        return False


async def test_the_provider_is_asked_as_seldom_as_for_others() -> None:
    sign_in = Provider(auth_refresh_age=300)
    assert not await sign_in.has_left(somebody(state=STATE, refreshed=monotonic()))
    assert sign_in.asked == 0
    for _ in range(3):
        assert not await sign_in.has_left(somebody(state=STATE))
    assert sign_in.asked == 1
    assert await sign_in.has_left(somebody(state={"subject": "1"}))
    assert await sign_in.has_left(somebody())
