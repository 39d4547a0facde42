"""A browser on the library's pages: signed in by the hub, and signed out with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.hub_client import HubClient
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from tests.integration.library.conftest import School

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_PAGE = "/open/collections"
_REVOKED_SECONDS = 15
"""Ten, and what a loaded machine takes."""


def test_whoever_has_signed_in_at_the_hub_sees_the_pages_at_once(school: School) -> None:
    with HubClient(school.installation, "alice") as alice:
        answer = alice.get(_PAGE)
        assert (answer.status_code, answer.url.path) == (200, _PAGE)
        steps = [step.url.path for step in answer.history]
        assert "/hub/api/oauth2/authorize" in steps
        assert steps[-1] == "/services/library/oauth_callback"
        [cookie] = [one for one in alice.cookies if one.name == "twinhub-library"]
        assert cookie.path == "/open"
        assert cookie.has_nonstandard_attr("HttpOnly")


def test_a_stranger_is_led_to_the_hubs_sign_in(school: School) -> None:
    stranger = HubClient(school.installation, "alice")
    answer = stranger.get(_PAGE)
    assert answer.url.path == "/hub/login"
    stranger.close()


@pytest.mark.d4(2)
def test_a_form_without_the_pages_token_changes_nothing(school: School) -> None:
    path = "/open/common/models/heated-tank"
    with HubClient(school.installation, "alice") as alice:
        assert alice.get(_PAGE).is_success
        for headers in ({}, {"Origin": school.installation.address_of("bob")}):
            sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
            assert alice.post(path, content=b"_xsrf=none", headers=sent).status_code == 403


@pytest.mark.d4(8)
def test_signing_out_of_the_hub_ends_the_pages_within_ten_seconds(school: School) -> None:
    with HubClient(school.installation, "alice") as alice:
        assert alice.get(_PAGE).is_success
        alice.get("/hub/logout")
        wait_for(
            lambda: alice.get(_PAGE).url.path == "/hub/login",
            seconds=_REVOKED_SECONDS, what="a page that asks to sign in",
        )  # fmt: skip


@pytest.mark.d4(8)
def test_a_revoked_token_is_refused_within_ten_seconds(school: School) -> None:
    with HubClient(school.installation, "alice") as alice:
        alice.get("/hub/home")
        made = alice.api("POST", "/users/alice/tokens", {"note": "short"}).json()
        headers = {"Authorization": f"token {made['token']}"}
        address = f"{school.library}/api/teams"
        assert alice.get(address, headers=headers).is_success
        alice.api("DELETE", f"/users/alice/tokens/{made['id']}").raise_for_status()
        wait_for(
            lambda: alice.get(address, headers=headers).status_code == 401,
            seconds=_REVOKED_SECONDS, what="a refused token",
        )  # fmt: skip
