"""Who gets through to which route of the hub, enumerated from the running one.

`routes.tsv` beside this file is what was agreed on. Where a new route or another verdict is meant,
`TWINHUB_WRITE_ROUTES=1` writes it anew, for a look at the difference.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.fixtures.hub_client import HubClient, to_loopback
from tests.fixtures.installation import running_installation
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

AGREED = Path(__file__).with_name("routes.tsv")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_OTHER, _GROUP = "target", "target-group"
_SITE = """
import json
from jupyterhub.handlers.base import BaseHandler
from tornado.web import RequestHandler

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

class Routes(BaseHandler):
    def get(self):
        found = []
        for rule in self.application.wildcard_router.rules:
            handler = rule.target
            offered = [m for m in METHODS
                       if getattr(handler, m.lower()) is not RequestHandler._unimplemented_method]
            found.append([rule.matcher.regex.pattern, handler.__name__, offered])
        self.finish(json.dumps(found))

c.JupyterHub.extra_handlers.append(("/test-routes", Routes))
"""
_LEFT_OUT = {
    "Routes": "is the test's own",
    "ShutdownAPIHandler": "ends the hub for who may use it; see the test of it below",
    "AddSlashHandler": "only adds a slash",
    "PrefixRedirectHandler": "only adds the prefix",
    "Template404": "is what no route leads to",
    "API404": "is what no route leads to",
    "LogoutHandler": "ends the session that the others need",
    "SignedOutHandler": "likewise; see test_sessions.py",
    "NewPasswordHandler": "asks for a form; see tests/e2e/test_new_password.py",
}


@pytest.fixture(scope="module")
def there() -> Iterator[TestInstallation]:
    """An installation that tells its routes."""
    with running_installation(site_python=_SITE) as installation:
        yield installation


class Subject:
    """Somebody, or something, that asks."""

    def __init__(
        self,
        installation: TestInstallation,
        *,
        client: HubClient | None = None,
        token: str = "",
        workspace_of: str = "",
    ) -> None:
        """Take a session, or a token, or whose workspace it is; without all a stranger."""
        self._client, self._installation, self._workspace_of = client, installation, workspace_of
        self._http = httpx.Client(
            base_url=installation.address, transport=to_loopback(installation), timeout=30,
            headers={"Authorization": f"token {token}"} if token else {},
        )  # fmt: skip

    def ask(self, method: str, path: str) -> int:
        """Return the status of the answer to an empty request."""
        if self._client:
            self._http.cookies = httpx.Cookies(self._client.cookies)
            self._http.headers.update(self._client.xsrf)
        if self._workspace_of:
            self._http.headers["Authorization"] = f"token {self._own_token()}"
        body = None if method == "GET" else b"{}"
        headers = {"Content-Type": "application/json", "Accept": "text/html"}
        with self._http.stream(method, path, content=body, headers=headers) as answer:
            location = answer.headers.get("location", "")
            return 401 if "/hub/login" in location else answer.status_code

    def _own_token(self) -> str:
        """The token of the workspace that runs now."""
        given = self._installation.container(self._workspace_of).attrs["Config"]["Env"]
        return str(dict(line.split("=", 1) for line in given)["JUPYTERHUB_API_TOKEN"])

    def close(self) -> None:
        """Close its connections."""
        self._http.close()


def verdict(status: int) -> str:
    """`-` where it was refused, or the thing hidden or gone; `+` where it got through."""
    return "-" if status in {401, 403, 404, 405, 410} else "+"


@pytest.fixture(scope="module")
def subjects(there: TestInstallation) -> Iterator[Mapping[str, Subject]]:
    """Each role with its session, and each kind of token."""
    with (
        HubClient(there, "alice") as alice,
        HubClient(there, "instructor") as instructor,
        HubClient(there, "admin") as admin,
    ):
        alice.start()
        secrets = there.home / "secrets"

        def token(client: HubClient, *scopes: str) -> str:
            body = {"note": "test", **({"scopes": list(scopes)} if scopes else {})}
            made = client.api("POST", f"/users/{client.user}/tokens", body).json()
            return str(made["token"])

        found = {
            "stranger": Subject(there),
            "user": Subject(there, client=alice),
            "instructor": Subject(there, client=instructor),
            "admin": Subject(there, client=admin),
            "user's token": Subject(there, token=token(alice)),
            "narrow token": Subject(there, token=token(alice, "read:users:name!user")),
            "workspace's token": Subject(there, workspace_of="alice"),
            "admin's token": Subject(there, token=token(admin)),
            "invalid token": Subject(there, token="0" * 32),
            "routes' token": Subject(there, token=(secrets / "hub_token").read_text().strip()),
            "culler's token": Subject(there, token=(secrets / "culler_token").read_text().strip()),
            "metrics' token": Subject(there, token=(secrets / "metrics_token").read_text().strip()),
            "deletions' token": Subject(there, token=(secrets / "users_token").read_text().strip()),
            "library's token": Subject(
                there, token=(secrets / "library_token").read_text().strip()
            ),
        }
        yield found
        for subject in found.values():
            subject.close()


def path_of(pattern: str, user: str, token: str = "") -> str:
    """An address that a route's pattern matches, about a user and things that there are."""
    path = pattern.removesuffix("$").removesuffix("/?")
    path = path.replace("(?:/([^/]+))?", "").replace("(?P<user_path>/.*)?", "/")
    groups = iter(_values(pattern, user, token))
    return re.sub(r"\((?:[^()]|\([^()]*\))*\)\??", lambda _: next(groups), path)


def _values(pattern: str, user: str, token: str) -> Sequence[str]:
    """Values of a pattern's groups, in their order."""
    if "/groups/" in pattern:
        return (_GROUP, user, "")
    if "/services/" in pattern:
        return ("culler",)
    if "/error/" in pattern:
        return ("503",)
    if "/tokens/" in pattern:
        return (user, token)
    if "user-redirect" in pattern:
        return ("lab",)
    return (user, user if "/shared/" in pattern else "", "")


def write(rows: Sequence[Sequence[str]], heads: Sequence[str]) -> str:
    """The table as it is kept."""
    text = io.StringIO()
    csv.writer(text, dialect="excel-tab", lineterminator="\n").writerows([heads, *rows])
    return text.getvalue()


@pytest.mark.d4(6)
@pytest.mark.d4(48)
def test_each_role_and_token_gets_through_where_it_was_agreed(
    there: TestInstallation, subjects: Mapping[str, Subject]
) -> None:
    rows = []
    with HubClient(there, "admin") as admin:
        routes = json.loads(admin.get("/hub/test-routes").text)
        _prepare(admin, "DELETE", "", "")
        for pattern, handler, offered in sorted(routes):
            if handler in _LEFT_OUT:
                continue
            for method in offered:
                for about in _persons(method, pattern):
                    seen = []
                    for name, subject in subjects.items():
                        user = _OTHER if about == "other" else _who(name)
                        path = path_of(pattern, user, _prepare(admin, method, pattern, user))
                        seen.append(verdict(subject.ask(method, path)))
                    _prepare(admin, method, "", "")
                    rows.append([method, pattern, about, *seen])
    heads = ["method", "route", "about", *subjects]
    text = write(rows, heads)
    if os.environ.get("TWINHUB_WRITE_ROUTES"):
        AGREED.write_text(text)
    assert text == AGREED.read_text()


def _persons(method: str, pattern: str) -> Sequence[str]:
    """Whom a route is asked about, if it is about anybody."""
    if path_of(pattern, "a") == path_of(pattern, "b"):
        return ("",)
    is_the_end_of_them = method == "DELETE" and pattern.endswith("/users/([^/]+)$")
    return ("other",) if is_the_end_of_them else ("own", "other")


def _prepare(admin: HubClient, method: str, pattern: str, user: str) -> str:
    """Put back what the last subject has taken away; return the id of a token of the user."""
    if method == "DELETE":
        for path in (f"/users/{_OTHER}", f"/groups/{_GROUP}"):
            admin.api("POST", path)  # which does nothing where it is there
        admin.api("POST", "/users/alice/server")
        wait_for(lambda: _runs(admin, "alice"), seconds=60, what="a workspace")
    if "/tokens/" not in pattern:
        return ""
    made = admin.api("POST", f"/users/{user}/tokens", {"note": "to be looked at"})
    return str(made.json()["id"])


def _runs(admin: HubClient, user: str) -> bool:
    server = admin.api("GET", f"/users/{user}").json()["servers"].get("", {})
    return bool(server.get("ready"))


def _who(subject: str) -> str:
    for name in ("instructor", "admin"):
        if subject.startswith(name):
            return name
    return "alice"


def test_nobody_but_an_admin_ends_the_hub(subjects: Mapping[str, Subject]) -> None:
    allowed = {"admin", "admin's token"}
    for name, subject in subjects.items():
        if name not in allowed:
            assert verdict(subject.ask("POST", "/hub/api/shutdown")) == "-", name
