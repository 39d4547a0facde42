"""Who gets through to a workspace: its owner alone, at each route of the running server."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import find, settings
from hypothesis import strategies as st

from tests.e2e.test_pages import run_in_home
from tests.fixtures.hub_client import HubClient, to_loopback
from tests.fixtures.installation import running_installation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_OWNER = "alice"
_PUBLIC = {
    r"/(favicon\.ico)$", r"/(robots\.txt)$", r"/user/alice/(robots\.txt|favicon\.ico)$",
    r"/user/alice/?$",  # leads to /lab
    r"/user/alice/api$",  # the version of Jupyter Server, by which the hub knows that it listens
    r"/user/alice/api/notebooks/?(.*)$",  # leads to /api/contents
    r"/user/alice/lab/api/themes/(.*)$", r"/user/alice/lab/extensions/(.*)$",
    r"/user/alice/logout$", r"/user/alice/oauth_callback$",
    r"/user/alice/server-proxy/icon/(.*)$",
    r"/user/alice/static/(.*)$", r"/user/alice/static/lab/(.*)$",
}  # fmt: skip
"""Files of JupyterLab's own, and what signs in and out."""

_LEFT_OUT = {
    "Routes": "is the test's own",
    "Template404": "is what no route leads to",
    "TrailingSlashHandler": "only takes a slash away",
    "RedirectHandler": "only leads elsewhere",
    "LicensesHandler": "refuses by an exception in which it never answers (jupyterlab_server 2.28)",
}
_SERVICE = """
import json
from tornado.web import RequestHandler

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

class Routes(RequestHandler):
    def get(self):
        found = []
        def walk(router):
            for rule in getattr(router, "rules", ()):
                if hasattr(rule.target, "rules"):
                    walk(rule.target)
                elif isinstance(rule.target, type):
                    offered = [m for m in METHODS if getattr(rule.target, m.lower(), None)
                               is not RequestHandler._unimplemented_method]
                    found.append([rule.matcher.regex.pattern, rule.target.__name__, offered])
        walk(self.application.default_router)
        self.finish(json.dumps(found))

default_handlers = [("/test-routes", Routes)]
"""
_CONFIG = """
import sys
sys.path.insert(0, "/home/twin/.jupyter")
c.ServerApp.extra_services = ["route_list"]
"""


@pytest.fixture(scope="module")
def there() -> Iterator[TestInstallation]:
    """An installation whose user has their server tell its routes."""
    with running_installation() as installation:
        with HubClient(installation, _OWNER) as owner:
            owner.start()  # so that there is a home
            owner.stop()
            script = "mkdir -p ~/.jupyter && cd ~/.jupyter"
            for name, text in (("route_list.py", _SERVICE), ("jupyter_server_config.py", _CONFIG)):
                script += f" && cat > {name} <<'END'\n{text}\nEND\ntrue"
            run_in_home(installation, _OWNER, f"HOME=/home/twin; {script}")
            owner.start()
        yield installation


@contextmanager
def asking(
    there: TestInstallation, *, session: HubClient | None = None, token: str = ""
) -> Iterator[httpx.Client]:
    """Somebody who asks the workspace, with what they have."""
    headers = {"Authorization": f"token {token}"} if token else {}
    with httpx.Client(transport=to_loopback(there), timeout=30, headers=headers) as client:
        if session:
            session.get(f"{there.address_of(_OWNER)}/user/{_OWNER}/lab")  # gives what it gives
            client.cookies = httpx.Cookies(session.cookies)
            values = [c.value for c in session.cookies if c.name == "_xsrf"]
            client.headers["X-XSRFToken"] = str(values[-1])
        yield client


def is_let_through(client: httpx.Client, method: str, url: str) -> bool:
    """Whether an empty request gets past who-are-you; a redirection to sign in is no."""
    body = None if method == "GET" else b"{}"
    try:
        with client.stream(method, url, content=body) as answer:
            location = answer.headers.get("location", "")
            return (
                answer.status_code not in {401, 403, 404, 405}
                and "oauth2/authorize" not in location
            )
    except httpx.TimeoutException as error:
        raise AssertionError(f"no answer to {method} {url}") from error


@cache
def sample(pattern: str) -> str:
    """The simplest address that a route's pattern matches."""
    quiet = settings(database=None, deadline=None, max_examples=2000)
    return find(
        st.from_regex(pattern, fullmatch=True, alphabet=_PLAIN), lambda _: True, settings=quiet
    )


_PLAIN = st.characters(min_codepoint=45, max_codepoint=122, categories=("L", "N", "P"))


def routes_of(there: TestInstallation, owner: HubClient) -> Sequence[tuple[str, str, list[str]]]:
    """Pattern, handler and methods of each route, without those that nobody has to be for."""
    with asking(there, session=owner) as client:
        url = f"{there.address_of(_OWNER)}/user/{_OWNER}/test-routes"
        found = json.loads(client.get(url).raise_for_status().text)
    return [
        (pattern, handler, methods)
        for pattern, handler, methods in found
        if handler not in _LEFT_OUT
    ]


@pytest.mark.d4(1)
@pytest.mark.d4(6)
@pytest.mark.d4(13)
def test_at_no_route_but_the_public_ones_is_anybody_let_through_but_the_owner(
    there: TestInstallation,
) -> None:
    with HubClient(there, _OWNER) as owner, HubClient(there, "bob") as bob:
        routes = routes_of(there, owner)
        assert len(routes) > 50
        tokens = _tokens(owner, bob)
        for about, session, token in (
            ("a stranger", None, ""),
            ("another user", bob, ""),
            ("another's token", None, tokens["another's"]),
            ("a token without the scope", None, tokens["narrow"]),
            ("an invalid token", None, "0" * 32),
        ):
            through = set()
            with asking(there, session=session, token=token) as client:
                for pattern, _, methods in routes:
                    url = there.address_of(_OWNER) + sample(pattern)
                    if any(is_let_through(client, method, url) for method in methods):
                        through.add(pattern)
            assert not through - _PUBLIC, f"{about}: {sorted(through - _PUBLIC)}"


def test_the_owner_is_let_through_with_a_session_and_with_a_token(there: TestInstallation) -> None:
    with HubClient(there, _OWNER) as owner, HubClient(there, "bob") as bob:
        token = _tokens(owner, bob)["own"]
        for path in ("api/contents", "api/kernels", "lab", "twinhub/work"):
            url = f"{there.address_of(_OWNER)}/user/{_OWNER}/{path}"
            with asking(there, session=owner) as client:
                assert is_let_through(client, "GET", url), path
            with asking(there, token=token) as client:
                assert is_let_through(client, "GET", url), path


def _tokens(owner: HubClient, bob: HubClient) -> Mapping[str, str]:
    def make(client: HubClient, *scopes: str) -> str:
        body = {"note": "test", **({"scopes": list(scopes)} if scopes else {})}
        return str(client.api("POST", f"/users/{client.user}/tokens", body).json()["token"])

    return {
        "own": make(owner),
        "another's": make(bob),
        "narrow": make(owner, "read:users:name!user"),
    }
