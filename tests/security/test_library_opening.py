"""Open links behind the hub's sign-in: only a click on our own page changes somebody's files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from twinhub_kit.sign_in import Addresses, SignIn
from twinhub_library.library import open_library
from twinhub_library.main import make_library_application
from twinhub_library.settings import LibrarySettings

from tests.fixtures.library import IDENTITY
from tests.unit.library.opening.conftest import PUBLISHED, publish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SITE = "https://twins.test"
PUMP = "/open/common/models/pump"
ADDRESSES = Addresses(
    hub_public=f"{SITE}/hub", hub_api="http://hub.test/hub/api",
    callback=f"{SITE}/oauth_callback", pages="/open",
)  # fmt: skip


def _give_token(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"access_token": "token-of-alice"})


@pytest.fixture(name="browser")
async def _browser(library_root: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Return the browser of alice, who has signed in."""
    hub = httpx.AsyncClient(transport=httpx.MockTransport(_give_token))
    sign_in = SignIn(ADDRESSES, "service-library", "s" * 64, client=hub)
    with open_library(LibrarySettings(library_root, tmp_path / "state")) as library:
        publish(library, library_root, *PUBLISHED[2])
        application = make_library_application(library, IDENTITY, sign_in=sign_in)
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
            led = await client.get(PUMP)
            assert led.headers["location"].startswith(f"{SITE}/hub/api/oauth2/authorize?")
            state = parse_qs(urlsplit(led.headers["location"]).query)["state"][0]
            back = await client.get("/oauth_callback", params={"state": state, "code": "c0de"})
            assert back.headers["location"] == PUMP
            yield client


async def _token(browser: httpx.AsyncClient) -> str:
    page = await browser.get(PUMP)
    found = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
    assert found
    return found[1]


async def test_click_on_the_page_copies(browser: httpx.AsyncClient, library_root: Path) -> None:
    answer = await browser.post(PUMP, data={"_xsrf": await _token(browser)})

    assert answer.status_code == 303
    assert (library_root / "alice/models/pump").is_dir()


@pytest.mark.d4(2)
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-mode": "no-cors", "sec-fetch-site": "cross-site"},
        {"origin": "null"},
        {"origin": "https://bob.twins.test"},
    ],
)
async def test_page_of_somebody_else_copies_nothing(
    browser: httpx.AsyncClient, library_root: Path, headers: dict[str, str]
) -> None:
    token = await _token(browser)

    with_token = await browser.post(PUMP, data={"_xsrf": token}, headers=headers)
    without = await browser.post(PUMP, headers=headers)
    wrong = await browser.post(PUMP, data={"_xsrf": token[::-1]})

    assert {with_token.status_code, without.status_code, wrong.status_code} == {403}
    assert "open the page once more" in with_token.text
    assert not (library_root / "alice/models/pump").exists()


@pytest.mark.d4(2)
@pytest.mark.parametrize("method", ["get", "head"])
async def test_looking_changes_nothing(
    browser: httpx.AsyncClient, library_root: Path, method: str
) -> None:
    await browser.request(method, PUMP)
    await browser.request(method, f"{PUMP}?_xsrf=x")

    assert not (library_root / "alice/models/pump").exists()


async def test_sign_in_that_fails_is_a_page_in_plain_words(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/oauth_callback", params={"state": "none", "code": "c0de"})

    assert page.status_code == 400
    assert page.headers["content-type"].startswith("text/html")
    assert "Open the page once more" in page.text
