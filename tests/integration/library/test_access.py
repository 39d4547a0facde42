"""Who gets through to which route of the library, in which area, over a real hub.

``tests/security/library_routes.tsv`` is what was agreed on: a row for each method and route of the
application and each area that it can be about. The column ``request`` says as JSON what is asked:
``path`` (values of the route's parameters), ``query``, ``json``, ``content``, ``headers``; in them
``{area}`` is the row's area. ``"nobody": true`` says that no role gets through: it is about a thing
that is not there, or changes the common area. The others hold the status of each role's answer,
``+`` for any below 400. A route without a row fails. `TWINHUB_WRITE_ROUTES=1` asks anew and writes
the table, with a first row for each new route, for a look at the difference.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.routing import Route
from twinhub_kit.callers import TableIdentity
from twinhub_library.library import open_library
from twinhub_library.main import make_library_application
from twinhub_library.settings import LibrarySettings

from tests.fixtures.hub_client import HubClient, to_loopback
from tests.integration.library.conftest import TEAM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.integration.library.conftest import School

pytestmark = [pytest.mark.docker, pytest.mark.slow]

AGREED = Path(__file__).parents[2] / "security" / "library_routes.tsv"
PRIVATE, OF_TEAM, COMMON = "alice", f"teams/{TEAM}", "common"
AREAS = (PRIVATE, OF_TEAM, COMMON)
_METHODS = ("OPTIONS", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_HEADS = ("method", "route", "area", "request")
_LEFT_OUT = {
    "/oauth_callback": "is of a browser's sign-in: tests/integration/library/test_sign_in.py",
}
_SMALLEST = Path(__file__).parents[3] / "config" / "examples" / "twins" / "smallest"
_FILES = {
    "data/notes.txt": "notes\n",
    "models/tank/README.md": "# Tank\n",
    "models/tank/tank.csv": "t,level\n0,1\n",
    **{
        f"digital_twins/plant/{name}": (_SMALLEST / name).read_text()
        for name in ("twin.yaml", "simulate.py")
    },
}
_GONE = ("data/new.txt", "data/new", "data/copy.txt", "models/imported")


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


def list_routes(folder: Path) -> set[tuple[str, str]]:
    """Every method and route of the application."""
    with open_library(LibrarySettings(folder / "assets", folder / "state")) as library:
        application = make_library_application(library, TableIdentity({}))
        found = set(_walk(application.router.routes))
    assert len(found) > 20
    return {one for one in found if one[1] not in _LEFT_OUT}


def _walk(routes: Sequence[object]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, Route):
            methods = route.methods or {"GET", "POST"}
            is_read = "GET" in methods  # HEAD comes with it
            for method in methods - ({"HEAD"} if is_read else set()):
                yield method, route.path
        else:
            inner = getattr(route, "original_router", None) or getattr(route, "app", None)
            yield from _walk(getattr(inner, "routes", ()))


def read_rows() -> list[Row]:
    """The rows that were agreed on, without what each role gets."""
    if not AGREED.exists():
        return []
    with AGREED.open(newline="") as file:
        table = csv.DictReader(file, dialect="excel-tab", quoting=csv.QUOTE_NONE)
        return [Row(*(line[head] for head in _HEADS)) for line in table]


def first_rows(method: str, route: str) -> list[Row]:
    """Rows for a new route, to begin with."""
    areas = AREAS if "{path:path}" in route or "{area:path}" in route else ("-",)
    return [Row(method, route, area, "{}") for area in areas]


def write(lines: Sequence[Sequence[str]]) -> str:
    """The table as it is kept."""
    text = io.StringIO()
    writer = csv.writer(text, dialect="excel-tab", lineterminator="\n", quoting=csv.QUOTE_NONE,
                        quotechar=None, escapechar=None)  # fmt: skip
    writer.writerows(lines)
    return text.getvalue()


class Subject:
    """Somebody, or something, that asks with a token or with none."""

    def __init__(self, school: School, token: str) -> None:
        """Take the token; empty for none."""
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
            row.method, path if is_root else f"/services/library{path}",
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


@pytest.fixture(scope="module")
def subjects(school: School) -> Iterator[Mapping[str, Subject]]:
    """Each role with its token, and each kind of token."""
    there = school.installation
    tokens = {"stranger": "", "invalid": "0" * 32}
    for name in ("culler", "metrics", "library"):
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
    found = {name: Subject(school, token) for name, token in tokens.items()}
    yield found
    for subject in found.values():
        subject.close()


def put_back(school: School, subjects: Mapping[str, Subject], row: Row) -> None:
    """Have each area hold the same files again."""
    if row.method in {"GET", "HEAD", "OPTIONS"}:
        return
    if row.route.startswith("/api/teams"):
        subjects["admin"].ask(Row("PUT", "/api/teams/{group:path}", "-", _NAMES_TEAM))
    for area in AREAS:
        folder = school.assets / area
        for name in _GONE:
            remove(folder / name)
        for name, text in _FILES.items():
            file = folder / name
            if file.exists() and file.read_text() == text:
                continue
            for parent in (file.parent.parent, file.parent):
                parent.mkdir(exist_ok=True)
                give(parent)
            file.write_text(text)
            give(file)


_NAMES_TEAM = json.dumps({"path": {"group": TEAM}})


def remove(path: Path) -> None:
    """Remove a file or a folder that may be there."""
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def give(path: Path) -> None:
    """Have it belong to whom the library works as."""
    if os.geteuid() == 0:
        os.chown(path, 1000, 1000)


@pytest.mark.d4(13)
@pytest.mark.d4(14)
@pytest.mark.d4(24)
def test_each_role_gets_through_where_it_was_agreed(
    school: School, subjects: Mapping[str, Subject], tmp_path: Path
) -> None:
    routes, rows = list_routes(tmp_path), read_rows()
    is_writing = bool(os.environ.get("TWINHUB_WRITE_ROUTES"))
    if is_writing:
        known = {(row.method, row.route) for row in rows}
        rows += [row for new in sorted(routes - known) for row in first_rows(*new)]
        rows = [row for row in rows if (row.method, row.route) in routes]
    else:
        assert {(row.method, row.route) for row in rows} == routes, "a route without a row"
    put_back(school, subjects, Row("PUT", "/", "-", "{}"))
    lines = [[*_HEADS, *subjects]]
    for row in sorted(rows, key=lambda row: (row.route, _METHODS.index(row.method))):
        seen = []
        for subject in subjects.values():
            put_back(school, subjects, row)
            seen.append(subject.ask(row))
        lines.append([row.method, row.route, row.area, row.request, *seen])
    put_back(school, subjects, Row("PUT", "/api/teams/", "-", "{}"))
    text = write(lines)
    if is_writing:
        AGREED.write_text(text)
    assert text == AGREED.read_text()


def test_each_row_shows_that_somebody_gets_through() -> None:
    with AGREED.open(newline="") as file:
        for line in csv.DictReader(file, dialect="excel-tab", quoting=csv.QUOTE_NONE):
            is_for_nobody = json.loads(line["request"]).get("nobody", False)
            assert is_for_nobody != ("+" in line.values()), line


@pytest.mark.d4(13)
@pytest.mark.d4(14)
def test_nobody_but_its_owner_gets_through_to_a_private_area() -> None:
    """The rule itself, of whatever was agreed on."""
    with AGREED.open(newline="") as file:
        for line in csv.DictReader(file, dialect="excel-tab", quoting=csv.QUOTE_NONE):
            hidden = {
                "stranger": "401",
                "invalid": "401",
                "narrow token": "401",
                "service culler": "401",
                "service metrics": "401",
                "service library": "401",
            }
            if line["area"] == PRIVATE:
                hidden |= dict.fromkeys(("member", "outsider", "instructor", "admin"), "404")
            if line["area"] == OF_TEAM:
                hidden |= dict.fromkeys(("outsider", "instructor", "admin"), "404")
            if line["route"] in _PUBLIC:
                continue
            for role in _SEES_ALL.get(line["route"], ()):
                hidden.pop(role, None)
            assert {name: line[name] for name in hidden} == hidden, line


_PUBLIC = {
    "/openapi.json": "describes, and holds nothing of anybody",
    "/api/repositories/{repository_id}/webhook": "is for a git server, which signs what it sends",
    "/health": "is for whoever watches the service",
    "/open/static/{name}": "is a style sheet of pages, and holds nothing of anybody",
    "/metrics": "is for another scope: the hub's read:metrics",
}

_SEES_ALL = {
    "/api/usage/{area:path}": ("admin",),
    "/api/people/{name}": ("narrow token", "service culler", "service metrics", "service library"),
}
"""Roles with an answer of their own: numbers alone, of how much an area holds, with no name in it;
and 403 for known tokens that may not have people forgotten, which the table says."""
