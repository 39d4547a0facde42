"""Tables of what each role gets of each route of a service, and asking for it over a real hub."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from starlette.routing import Route

from tests.fixtures.hub_client import HubClient, to_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.integration.library.conftest import School

METHODS = ("OPTIONS", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
HEADS = ("method", "route", "area", "request")
NO_TOKEN = dict.fromkeys(
    ("stranger", "invalid", "narrow token", "service culler", "service metrics",
     "service library"), "401",
)  # fmt: skip
"""Who gets nothing that is anybody's, and what they are told."""


@dataclass(frozen=True)
class Row:
    """What is asked of one route about one area."""

    method: str
    route: str
    area: str
    request: str

    @property
    def parts(self) -> dict[str, Any]:
        """The request, about the row's area."""
        found: dict[str, Any] = json.loads(self.request.replace("{area}", self.area))
        return found

    @property
    def path(self) -> str:
        """The path that is asked for."""
        values = self.parts.get("path", {})

        def value(match: re.Match[str]) -> str:
            usual = f"{self.area}/data/notes.txt" if match[2] else "none"
            return str(values.get(match[1], usual))

        return re.sub(r"\{(\w+)(:path)?\}", value, self.route)


def walk(routes: Sequence[object]) -> Iterator[tuple[str, str]]:
    """Yield each method and path, but of sockets."""
    for route in routes:
        if isinstance(route, Route):
            methods = route.methods or {"GET", "POST"}
            is_read = "GET" in methods  # HEAD comes with it
            for method in methods - ({"HEAD"} if is_read else set()):
                yield method, route.path
        else:
            inner = getattr(route, "original_router", None) or getattr(route, "app", None)
            yield from walk(getattr(inner, "routes", ()))


def read_rows(agreed: Path) -> list[Row]:
    """The rows that were agreed on, without what each role gets."""
    if not agreed.exists():
        return []
    with agreed.open(newline="") as file:
        table = csv.DictReader(file, dialect="excel-tab", quoting=csv.QUOTE_NONE)
        return [Row(*(line[head] for head in HEADS)) for line in table]


def write(lines: Sequence[Sequence[str]]) -> str:
    """The table as it is kept."""
    text = io.StringIO()
    writer = csv.writer(text, dialect="excel-tab", lineterminator="\n", quoting=csv.QUOTE_NONE,
                        quotechar=None, escapechar=None)  # fmt: skip
    writer.writerows(lines)
    return text.getvalue()


class Subject:
    """Somebody, or something, that asks with a token or with none."""

    def __init__(self, school: School, token: str, service: str) -> None:
        """Take the token, empty for none, and which service is asked."""
        self._prefix = f"/services/{service}"
        headers = {"Authorization": f"token {token}"} if token else {}
        self._http = httpx.Client(
            base_url=school.installation.address, transport=to_loopback(school.installation),
            timeout=30, headers=headers,
        )  # fmt: skip

    def ask(self, row: Row) -> str:
        """Return what the row's request is answered with."""
        parts = row.parts
        path = row.path
        is_root = path.startswith(("/lib", "/open"))
        options = {
            "params": parts.get("query"), "json": parts.get("json"),
            "content": parts.get("content"), "headers": parts.get("headers"),
        }  # fmt: skip
        with self._http.stream(
            row.method, path if is_root else f"{self._prefix}{path}",
            **{name: value for name, value in options.items() if value is not None},
        ) as answer:  # fmt: skip
            if "/oauth2/authorize" in answer.headers.get("location", ""):
                return "401"
            if row.route == "/lib" and "errors" in json.loads(answer.read()):
                return str(max(answer.status_code, 404))  # GraphQL says so within a 200
            return "+" if answer.status_code < 400 else str(answer.status_code)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()


@contextmanager
def asking(
    school: School, service: str, services: Sequence[str]
) -> Iterator[Mapping[str, Subject]]:
    """Give each role with its token at a service, and each kind of token."""
    there = school.installation
    tokens = {"stranger": "", "invalid": "0" * 32}
    for name in services:
        tokens[f"service {name}"] = school.secret(f"{name}_token")
    people = {"owner": "alice", "member": "bob", "outsider": "carol", "instructor": "instructor",
              "admin": "admin"}  # fmt: skip
    for role, name in people.items():
        with HubClient(there, name) as client:
            tokens[role] = client.bearer()["Authorization"].removeprefix("token ")
            if role == "owner":
                client.get("/hub/home")
                body = {"note": "narrow", "scopes": ["read:users:name!user"]}
                made = client.api("POST", "/users/alice/tokens", body).raise_for_status()
                tokens["narrow token"] = made.json()["token"]
    given = there.container("alice").attrs["Config"]["Env"]
    tokens["workspace"] = dict(line.split("=", 1) for line in given)["JUPYTERHUB_API_TOKEN"]
    found = {name: Subject(school, token, service) for name, token in tokens.items()}
    yield found
    for subject in found.values():
        subject.close()
