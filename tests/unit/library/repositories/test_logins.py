"""Asking the hub for the token of a login."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest
from twinhub_kit.callers import Caller
from twinhub_kit.errors import UnavailableError
from twinhub_library.repositories.addresses import parse_address
from twinhub_library.repositories.credentials import LoginTokenError
from twinhub_library.repositories.errors import BadAddressError
from twinhub_library.repositories.logins import HubLogins

if TYPE_CHECKING:
    from collections.abc import Callable

SITE = "http://gitlab.example.org"
ADDRESS = parse_address(f"{SITE}/a/b.git", is_trusted=lambda _: True)
SECRET = "glat-of-somebody"


def logins(answer: Callable[[httpx.Request], httpx.Response]) -> HubLogins:
    client = httpx.Client(transport=httpx.MockTransport(answer))
    return HubLogins("http://127.0.0.1:8081/hub/api", "of the library", SITE, client=client)


def test_the_token_of_who_calls_is_asked_for_with_the_librarys_own() -> None:
    asked: list[httpx.Request] = []

    def hub(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"token": SECRET, "expires_at": None, "may_write": False})

    with logins(hub) as ours:
        found = ours.get_login_token(Caller("a/b"), ADDRESS)
    assert (found.secret, found.may_write) == (SECRET, False)
    assert SECRET not in repr(found)
    [request] = asked
    assert request.url.raw_path == b"/hub/api/users/a%2Fb/git-token"
    assert request.headers["Authorization"] == "token of the library"
    assert json.loads(request.content) == {"remote": str(ADDRESS)}


def test_what_the_hub_tells_the_person_reaches_the_person() -> None:
    ours = logins(lambda _: httpx.Response(409, json={"message": "Sign in again."}))
    with ours, pytest.raises(LoginTokenError, match=r"^Sign in again\.$"):
        ours.get_login_token(Caller("alice"), ADDRESS)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(403, json={"message": "no"}),
        httpx.Response(302, headers={"Location": "http://elsewhere/"}),
        httpx.Response(200, json={"token": SECRET}),
        httpx.Response(200, json={"token": SECRET, "expires_at": SECRET, "may_write": SECRET}),
        httpx.Response(409, content=b"busy"),
    ],
)
def test_any_other_answer_is_none_and_tells_no_token(answer: httpx.Response) -> None:
    with logins(lambda _: answer) as ours, pytest.raises(UnavailableError) as caught:
        ours.get_login_token(Caller("alice"), ADDRESS)
    assert SECRET not in f"{caught.value} {caught.value.__cause__}"


def test_plain_http_is_for_the_gitlab_that_the_site_has_so_alone() -> None:
    with logins(lambda _: httpx.Response(500)) as ours:
        assert ours.serves(parse_address(f"{SITE}/a/b.git", is_trusted=ours.serves))
        with pytest.raises(BadAddressError, match="in the clear"):
            parse_address("http://other.example.org/a/b.git", is_trusted=ours.serves)
