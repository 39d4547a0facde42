"""A page in a workspace tries to act with its visitor's login, in a real browser: in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import open_lab
from tests.fixtures.hub_client import HubClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.slow]

_VISITOR = "admin"
"""Somebody with every right at the hub, on a page that somebody else may have written."""

_READ = """
async (urls) => {
  const found = {};
  for (const url of urls) {
    try {
      const answer = await fetch(url, { credentials: "include" });
      found[url] = await answer.text();
    } catch (error) {
      found[url] = null;
    }
  }
  return found;
}
"""
_SEND = """
async (requests) => {
  const simple = { mode: "no-cors", credentials: "include" };
  for (const [method, url, body, type] of requests) {
    await fetch(url, { ...simple, method, body, headers: { "Content-Type": type } }).catch(() => 0);
  }
}
"""
_SUBMIT = """
([action, fields]) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.name = "target-" + Math.random();
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action, target: frame.name });
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement("input");
    Object.assign(field, { name, value });
    form.append(field);
  }
  document.body.append(frame, form);
  frame.addEventListener("load", () => done());
  setTimeout(done, 5000);
  form.submit();
})
"""
_FRAME = """
(url) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.addEventListener("load", () => {
    try { done(frame.contentDocument ? frame.contentDocument.body.innerText : null); }
    catch { done(null); }
  });
  setTimeout(() => done(null), 5000);
  frame.src = url;
  document.body.append(frame);
})
"""
_SOCKET = """
(url) => new Promise((done) => {
  const socket = new WebSocket(url);
  socket.addEventListener("open", () => done("open"));
  socket.addEventListener("error", () => done("refused"));
})
"""


@pytest.fixture
def inside(page: Page, installation: TestInstallation) -> Iterator[Page]:
    """A page on the origin of the visitor's workspace, who is signed in at the hub as well."""
    open_lab(page, installation, _VISITOR)
    yield page
    with HubClient(installation, _VISITOR) as client:
        client.stop()


@pytest.mark.d4(6)
def test_it_reads_neither_the_hub_nor_anothers_workspace(
    inside: Page, installation: TestInstallation
) -> None:
    with HubClient(installation, "bob") as bob:
        bob.start()
    hub, theirs = installation.address, f"{installation.address_of('bob')}/user/bob"
    urls = [
        f"{hub}/hub/home", f"{hub}/hub/token", f"{hub}/hub/api/user", f"{hub}/hub/api/users",
        f"{hub}/hub/admin", f"{theirs}/api/contents", f"{theirs}/lab",
    ]  # fmt: skip
    found = inside.evaluate(_READ, urls)
    assert found == dict.fromkeys(urls)
    assert inside.evaluate(_FRAME, f"{hub}/hub/home") is None
    assert "jupyterhub-hub-login" not in inside.evaluate("document.cookie")
    socket = f"{theirs.replace('http', 'ws', 1)}/api/events/subscribe"
    assert inside.evaluate(_SOCKET, socket) == "refused"


@pytest.mark.d4(2)
def test_it_changes_nothing_at_the_hub_nor_in_anothers_workspace(
    inside: Page, installation: TestInstallation
) -> None:
    hub, theirs = f"{installation.address}/hub", f"{installation.address_of('bob')}/user/bob"
    with HubClient(installation, _VISITOR) as admin, HubClient(installation, "bob") as bob:
        bob.start()
        password = installation.password("bob")
        before = state(admin, bob)
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            inside.evaluate(
                _SEND,
                [
                    ["POST", f"{hub}/api/users/{_VISITOR}/tokens", "{}", kind],
                    ["POST", f"{hub}/api/users/planted", "{}", kind],
                    ["POST", f"{hub}/api/users/bob/server/keep", "{}", kind],
                    ["POST", f"{hub}/new-password", "username=bob", kind],
                    ["POST", f"{theirs}/api/contents", '{"type": "file"}', kind],
                    ["POST", f"{theirs}/api/terminals", "", kind],
                ],
            )
        inside.evaluate(_SUBMIT, [f"{hub}/new-password", {"username": "bob"}])
        inside.evaluate(_SUBMIT, [f"{hub}/spawn/bob", {"image": "x"}])
        inside.evaluate(_READ, [f"{hub}/logout"])
        inside.evaluate(_FRAME, f"{hub}/logout")
        assert state(admin, bob) == before
        inside.goto(f"{hub}/home")
        expect(inside.get_by_role("heading", name="Your workspace")).to_be_visible()
        assert bob.sign_in(password).url.path == "/hub/home"


def state(admin: HubClient, bob: HubClient) -> dict[str, object]:
    """All that somebody would want to change."""
    users = {user["name"] for user in admin.api("GET", "/users").json()}
    tokens = admin.api("GET", f"/users/{_VISITOR}/tokens").json()["api_tokens"]
    headers = bob.bearer()
    files = bob.get(f"{bob.workspace}/api/contents", headers=headers).json()["content"]
    return {
        "users": users,
        "tokens": {token["id"] for token in tokens if token["note"] != "test"},
        "files": {file["name"] for file in files},
        "terminals": len(bob.get(f"{bob.workspace}/api/terminals", headers=headers).json()),
        "started": bob.servers()[""]["started"],
    }
