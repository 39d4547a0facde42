"""What the hub's API refuses, and what it says then."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.hub_client import HubClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

USER = "bob"


@pytest.fixture
def admin(installation: TestInstallation) -> Iterator[HubClient]:
    """The admin, signed in."""
    with HubClient(installation, "admin") as session:
        yield session


@pytest.mark.d4(9)
def test_nobody_gets_another_name(admin: HubClient, installation: TestInstallation) -> None:
    admin.api("POST", "/users/eve9")
    answer = admin.api("PATCH", "/users/eve9", {"admin": True, "name": "eve10"})
    assert answer.status_code == HTTPStatus.CONFLICT, answer.text
    assert "A user keeps the name" in answer.json()["message"]
    assert admin.api("GET", "/users/eve10").status_code == HTTPStatus.NOT_FOUND
    assert not admin.api("GET", "/users/eve9").json()["admin"]
    same = admin.api("PATCH", "/users/eve9", {"name": "eve9", "admin": True})
    assert (same.status_code, same.json().get("name")) == (HTTPStatus.OK, "eve9"), same.text
    admin.api("DELETE", "/users/eve9")
    assert installation.run("users", "delete", "eve9", "--yes").returncode == 0
