"""Pages of a service: sign-in by the hub, and forms that come from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from twinhub_kit.application import make_application
from twinhub_kit.callers import Caller, TableIdentity
from twinhub_kit.pages import PageCaller, PagePoster, TheGuard, serve_pages
from twinhub_kit.sign_in import Addresses, SignIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

ADDRESSES = Addresses(
    hub_public="https://twins.test/hub",
    hub_api="http://hub.test/hub/api",
    callback="https://twins.test/services/library/oauth_callback",
    pages="/open",
)


@dataclass
class DoubleHub:
    """Gives a token for a code."""

    status: int = 200
    forms: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.forms.append(dict(parse_qsl(request.content.decode())))
        return httpx.Response(self.status, json={"access_token": "token-of-alice"})


@pytest.fixture
def hub() -> DoubleHub:
    return DoubleHub()


def application_with(sign_in: SignIn | None) -> FastAPI:
    identity = TableIdentity({"token-of-alice": Caller("alice")})
    made = make_application("pages", version="1", identity=identity)
    serve_pages(made, sign_in)

    @made.get("/open/{name}")
    def show(name: str, caller: PageCaller, guard: TheGuard) -> dict[str, str]:
        return {"name": name, "caller": caller.name, "xsrf": guard.xsrf_token}

    @made.post("/open/{name}")
    def act(name: str, caller: PagePoster) -> dict[str, str]:
        return {"did": name, "caller": caller.name}

    return made


@pytest.fixture
async def browser(hub: DoubleHub) -> AsyncIterator[httpx.AsyncClient]:
    sign_in = SignIn(
        ADDRESSES, "service-library", "s" * 64,
        client=httpx.AsyncClient(transport=httpx.MockTransport(hub)),
    )  # fmt: skip
    application = application_with(sign_in)

    class AsTheEdge:  # strips the prefix of the library's own addresses
        async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
            if scope["type"] == "http":
                scope["path"] = scope["path"].removeprefix("/services/library")
            await application(scope, receive, send)

    transport = httpx.ASGITransport(AsTheEdge())
    async with httpx.AsyncClient(transport=transport, base_url="https://twins.test") as client:
        yield client


async def sign_in(browser: httpx.AsyncClient, page: str = "/open/a?x=1") -> httpx.Response:
    query = parse_qs(urlsplit((await browser.get(page)).headers["location"]).query)
    return await browser.get(
        "/services/library/oauth_callback", params={"state": query["state"][0], "code": "c0de"}
    )


async def test_a_browser_is_led_to_the_hub_and_back_to_its_page(
    browser: httpx.AsyncClient, hub: DoubleHub
) -> None:
    led = await browser.get("/open/a?x=1")
    assert led.status_code == 302
    assert led.headers["location"].startswith("https://twins.test/hub/api/oauth2/authorize?")
    back = await sign_in(browser)
    assert (back.status_code, back.headers["location"]) == (302, "/open/a?x=1")
    assert (await browser.get("/open/a")).json()["caller"] == "alice"
    form = hub.forms[-1]
    assert form["client_secret"] == "s" * 64
    assert form["code_verifier"]


@pytest.mark.d4(7)
async def test_the_cookie_is_for_this_service_alone_and_tells_nobody_the_token(
    browser: httpx.AsyncClient,
) -> None:
    cookie = (await sign_in(browser)).headers.get_list("set-cookie")[-1]
    assert "token-of-alice" not in cookie
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert attributes >= {"httponly", "samesite=lax", "secure", "path=/open"}


@pytest.mark.parametrize("state", ["", "another", "é"])
async def test_a_callback_that_this_browser_did_not_begin_signs_nobody_in(
    browser: httpx.AsyncClient, state: str
) -> None:
    (await browser.get("/open/a"))
    path = "/services/library/oauth_callback"
    refused = await browser.get(path, params={"state": state, "code": "c0de"})
    assert refused.status_code == 400
    assert (await browser.get("/open/a")).status_code == 302


async def test_another_browsers_state_signs_nobody_in(browser: httpx.AsyncClient) -> None:
    led = (await browser.get("/open/a")).headers["location"]
    state = parse_qs(urlsplit(led).query)["state"][0]
    browser.cookies.clear()
    path = "/services/library/oauth_callback"
    assert (await browser.get(path, params={"state": state, "code": "c0de"})).status_code == 400


@pytest.mark.parametrize(("status", "answer"), [(403, 400), (500, 503)])
async def test_a_hub_that_refuses_or_is_away_is_told_in_words(
    browser: httpx.AsyncClient, hub: DoubleHub, status: int, answer: int
) -> None:
    hub.status = status
    assert (await sign_in(browser)).status_code == answer


@pytest.mark.d4(2)
async def test_a_form_needs_the_token_of_its_page(browser: httpx.AsyncClient) -> None:
    await sign_in(browser)
    xsrf = (await browser.get("/open/a")).json()["xsrf"]
    assert (await browser.post("/open/a", data={"_xsrf": xsrf})).json() == {
        "did": "a",
        "caller": "alice",
    }
    assert (await browser.post("/open/a", headers={"X-XSRFToken": xsrf})).is_success
    for wrong in ({}, {"_xsrf": ""}, {"_xsrf": xsrf[:-1] + "g"}, {"_xsrf": "é"}):
        assert (await browser.post("/open/a", data=wrong)).status_code == 403


@pytest.mark.d4(2)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"}, {"Origin": "https://alice.twins.test"}, {"Origin": "https://evil.test"},
        {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)  # fmt: skip
async def test_a_form_from_another_origin_is_refused_even_with_the_token(
    browser: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    await sign_in(browser)
    xsrf = (await browser.get("/open/a")).json()["xsrf"]
    assert (await browser.post("/open/a", data={"_xsrf": xsrf}, headers=headers)).status_code == 403


async def test_a_form_without_a_session_is_not_led_away(browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/open/a", data={"_xsrf": "x"})).status_code == 401


async def test_a_program_sends_its_token_and_no_form(browser: httpx.AsyncClient) -> None:
    headers = {"Authorization": "token token-of-alice"}
    assert (await browser.get("/open/a", headers=headers)).json()["caller"] == "alice"
    assert (await browser.post("/open/a", headers=headers)).json()["caller"] == "alice"


async def test_without_a_hub_the_identity_alone_decides() -> None:
    transport = httpx.ASGITransport(application_with(None))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/open/a")).status_code == 401
        headers = {"Authorization": "token token-of-alice"}
        assert (await client.get("/open/a", headers=headers)).json()["caller"] == "alice"
