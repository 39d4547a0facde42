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
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.callers import TableIdentity
from twinhub_library.library import open_library
from twinhub_library.main import make_library_application
from twinhub_library.settings import LibrarySettings

from tests.integration.library.access import (
    HEADS,
    METHODS,
    NO_TOKEN,
    Row,
    Subject,
    asking,
    read_rows,
    walk,
    write,
)
from tests.integration.library.conftest import TEAM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.integration.library.conftest import School

pytestmark = [pytest.mark.docker, pytest.mark.slow]

AGREED = Path(__file__).parents[2] / "security" / "library_routes.tsv"
PRIVATE, OF_TEAM, COMMON = "alice", f"teams/{TEAM}", "common"
AREAS = (PRIVATE, OF_TEAM, COMMON)
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


def list_routes(folder: Path) -> set[tuple[str, str]]:
    """Every method and route of the application."""
    with open_library(LibrarySettings(folder / "assets", folder / "state")) as library:
        application = make_library_application(library, TableIdentity({}))
        found = set(walk(application.router.routes))
    assert len(found) > 20
    return {one for one in found if one[1] not in _LEFT_OUT}


def first_rows(method: str, route: str) -> list[Row]:
    """Rows for a new route, to begin with."""
    areas = AREAS if "{path:path}" in route or "{area:path}" in route else ("-",)
    return [Row(method, route, area, "{}") for area in areas]


@pytest.fixture(scope="module")
def subjects(school: School) -> Iterator[Mapping[str, Subject]]:
    """Each role with its token, and each kind of token."""
    with asking(school, "library", ("culler", "metrics", "library")) as found:
        yield found


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
    routes, rows = list_routes(tmp_path), read_rows(AGREED)
    is_writing = bool(os.environ.get("TWINHUB_WRITE_ROUTES"))
    if is_writing:
        known = {(row.method, row.route) for row in rows}
        rows += [row for new in sorted(routes - known) for row in first_rows(*new)]
        rows = [row for row in rows if (row.method, row.route) in routes]
    else:
        assert {(row.method, row.route) for row in rows} == routes, "a route without a row"
    put_back(school, subjects, Row("PUT", "/", "-", "{}"))
    lines = [[*HEADS, *subjects]]
    for row in sorted(rows, key=lambda row: (row.route, METHODS.index(row.method))):
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
            hidden = dict(NO_TOKEN)
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
