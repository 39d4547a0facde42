"""What the hub's API refuses, and what it says then."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.pages.api import LONGEST_NOTE, MOST_TOKENS

from tests.fixtures.hub_client import HubClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

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


@pytest.fixture
def person(installation: TestInstallation) -> Iterator[HubClient]:
    """A user without tokens, signed in."""
    with HubClient(installation, USER) as session:
        remove_tokens(session)
        yield session
        remove_tokens(session)


def tokens(person: HubClient) -> list[dict[str, str]]:
    """The user's tokens as the API shows them."""
    found: list[dict[str, str]] = person.api("GET", f"/users/{USER}/tokens").json()["api_tokens"]
    return found


def remove_tokens(person: HubClient) -> None:
    """Delete them all."""
    for token in tokens(person):
        person.api("DELETE", f"/users/{USER}/tokens/{token['id']}")


def make_token(person: HubClient, **body: object) -> httpx.Response:
    """Ask for a token."""
    return person.api("POST", f"/users/{USER}/tokens", body)


@pytest.mark.d4(14)
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"note": "x" * (LONGEST_NOTE + 1)}, "at most 255 characters"),
        ({"note": "x" * 2**19}, "at most 255 characters"),
        ({"note": ["x"]}, "at most 255 characters"),
        ({"scopes": ["inherit"] * 10_000}, "at most 10000 bytes"),
        ({"expires_in": 10**18}, "cannot expire that late"),
        ({"expires_in": 10**12}, "cannot expire that late"),
    ],
)
def test_a_token_that_cannot_be_kept_is_refused_and_not_in_the_trail(
    person: HubClient, installation: TestInstallation, body: dict[str, object], said: str
) -> None:
    before = trail_of(installation)
    answer = make_token(person, **body)
    assert answer.status_code == HTTPStatus.BAD_REQUEST, answer.text
    assert said in answer.json()["message"]
    assert tokens(person) == []
    assert trail_of(installation) == before


def trail_of(installation: TestInstallation) -> list[str]:
    """What the trail says of the user's tokens."""
    lines = installation.run("audit", "--user", USER).stdout.splitlines()
    return [line for line in lines if "token made" in line]


@pytest.mark.d4(14)
def test_a_user_has_so_many_tokens_and_workspaces_go_on(
    person: HubClient, installation: TestInstallation
) -> None:
    for _ in range(MOST_TOKENS):
        assert make_token(person, note="x" * LONGEST_NOTE).status_code == HTTPStatus.CREATED
    full = make_token(person)
    assert full.status_code == HTTPStatus.CONFLICT
    assert "delete one that is no longer used" in full.json()["message"]
    with HubClient(installation, "alice") as other:
        asked = other.api("POST", f"/users/{USER}/tokens", {})
        assert asked.status_code == HTTPStatus.FORBIDDEN
    person.start()
    person.stop()
    person.api("DELETE", f"/users/{USER}/tokens/{tokens(person)[0]['id']}")
    assert make_token(person, note="room again").status_code == HTTPStatus.CREATED
