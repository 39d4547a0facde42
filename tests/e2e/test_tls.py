"""A real browser on a host with a certificate of its own: what one origin may do to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import open_lab
from tests.fixtures.certificates import Authority
from tests.fixtures.installation import require_engine, running_installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.long]
_START_MS = 60_000
_TOSS = """([names, domain]) => {
    for (const name of names)
        document.cookie = `${name}=tossed; domain=${domain}; path=/; secure`
}"""


@pytest.fixture
def there(tmp_path: Path) -> Iterator[TestInstallation]:
    require_engine()
    authority = Authority(tmp_path)
    authority.give()
    settings = f"site:\n{authority.settings}    http_port: null\n"
    with running_installation(settings=settings, authority=authority.certificate) as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor who takes the certificate as it is: who gave it is shown elsewhere."""
    fresh = browser.new_context(viewport={"width": 1280, "height": 800}, ignore_https_errors=True)
    yield fresh
    fresh.close()


@pytest.mark.d4(6)
def test_a_page_of_one_user_cannot_set_the_sign_in_of_another(
    there: TestInstallation, context: BrowserContext
) -> None:
    page = context.new_page()
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    open_lab(page, there, "bob")
    hosts = ("__Host-jupyterhub-hub-login", "__Host-jupyterhub-user-bob")
    hostile = context.new_page()
    hostile.goto(f"{there.address_of('alice')}/hub/static/css/style.min.css")
    hostile.evaluate(_TOSS, [[*hosts, "jupyterhub-hub-login"], "twinhub.localhost"])
    found = [(cookie["name"], cookie["value"]) for cookie in context.cookies()]
    assert ("jupyterhub-hub-login", "tossed") in found  # the old name could be set
    assert {name for name, value in found if name in hosts and value != "tossed"} == set(hosts)
    assert not {name for name, value in found if name in hosts and value == "tossed"}
    page.goto(f"{there.address}/hub/home")
    expect(page).to_have_url(f"{there.address}/hub/home")
    page.goto(f"{there.address_of('bob')}/user/bob/lab")
    expect(page.get_by_role("menuitem", name="File")).to_be_visible(timeout=_START_MS)
    assert sockets
    assert all(url.startswith(f"wss://bob.twinhub.localhost:{there.port}/") for url in sockets)
