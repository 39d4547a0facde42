"""What `docs/howto/gitlab-sign-in.md` says that instructors may ask."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.hub_client import HubClient

if TYPE_CHECKING:
    import httpx

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def ask_with_token(installation: TestInstallation, user: str) -> httpx.Response:
    """What a program with a token of a user is answered."""
    with HubClient(installation, user) as session:
        headers = session.bearer()
    stranger = HubClient(installation, user)
    try:
        return stranger.get("/hub/api/users", headers=headers)
    finally:
        stranger.close()


def test_an_instructors_token_lists_who_is_there_and_a_users_does_not(
    installation: TestInstallation,
) -> None:
    found = {one["name"]: one for one in ask_with_token(installation, "instructor").json()}
    assert {"instructor"} <= set(found)
    assert {"name", "last_activity", "servers"} <= set(found["instructor"])
    assert ask_with_token(installation, "bob").status_code == HTTPStatus.FORBIDDEN
