"""Who gets through to which route of the runner, about whose run, over a real hub.

``tests/security/runner_routes.tsv`` is what was agreed on, in the form of the library's table, see
`test_access`; ``{run}`` is the run of the row's area: alice's of a twin of her own, of her team's
and of a common one. It stands here, as it asks the installation that the library's tests have.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect
from twinhub_kit.callers import TableIdentity
from twinhub_runner.backends.process import ProcessBackend
from twinhub_runner.main import make_runner_application
from twinhub_runner.runner import open_runner
from twinhub_runner.settings import RunnerSettings

from tests.fixtures.hub_client import HubClient
from tests.fixtures.waiting import wait_for
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
from tests.integration.library.test_access import give

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.integration.library.conftest import School

pytestmark = [pytest.mark.docker, pytest.mark.slow]

AGREED = Path(__file__).parents[2] / "security" / "runner_routes.tsv"
PRIVATE, OF_TEAM, COMMON = "alice", f"teams/{TEAM}", "common"
AREAS = (PRIVATE, OF_TEAM, COMMON)
SERVICES = ("culler", "metrics", "library", "users")
_SECONDS = 120
_FAILED = {"failed", "stopped", "lost"}
_TWIN = """\
format: 1
name: probe
secrets: {key: A key}
phases: {execute: {script: "echo 1 > result.txt\\n", outputs: [result.txt]}}
"""
_PUBLIC = {
    "/openapi.json": "describes, and holds nothing of anybody",
    "/health": "is for whoever watches the service",
    "/metrics": "is for another scope: the hub's read:metrics",
    "/api/people/{name}": "is for another scope: the hub's delete:users",
}


def list_routes(folder: Path) -> set[tuple[str, str]]:
    """Every method and route of the application."""
    settings = RunnerSettings(folder / "assets", folder / "state")
    with open_runner(settings, ProcessBackend(settings.runs)) as runner:
        found = set(walk(make_runner_application(runner, TableIdentity({})).router.routes))
    assert len(found) > 10
    return found


def first_rows(method: str, route: str) -> list[Row]:
    """Rows for a new route, to begin with."""
    if "{run_id}" not in route:
        return [Row(method, route, "-", "{}")]
    return [Row(method, route, area, '{"path": {"run_id": "{run}"}}') for area in AREAS]


@pytest.fixture(scope="module", name="subjects")
def _subjects(school: School) -> Iterator[Mapping[str, Subject]]:
    with asking(school, "runner", SERVICES) as found:
        yield found


@pytest.fixture(scope="module", name="runs")
def _runs(school: School) -> Iterator[Mapping[str, str]]:
    """A run of alice's that has ended, of a twin of each area."""
    folders = [school.assets / area / "digital_twins" / "probe" for area in AREAS]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "twin.yaml").write_text(_TWIN)
        for path in (folder / "twin.yaml", folder, folder.parent):
            give(path)
    with HubClient(school.installation, "alice") as alice:
        yield {area: _run(alice, school, f"{area}/digital_twins/probe") for area in AREAS}
    for folder in folders:
        shutil.rmtree(folder)


def _run(alice: HubClient, school: School, twin: str) -> str:
    address = f"{school.installation.address}/services/runner/api/runs"
    sent = {**alice.bearer(), "Content-Type": "application/json"}
    asked = alice.post(address, content=f'{{"twin": "{twin}"}}'.encode(), headers=sent)
    assert asked.status_code == 202, asked.text
    run = str(asked.json()["runs"][0]["id"])

    def has_ended() -> bool:
        found = alice.get(f"{address}/{run}", headers=alice.bearer()).json()
        assert found["status"] not in _FAILED, found
        return bool(found["status"] == "succeeded")

    wait_for(has_ended, seconds=_SECONDS, what=f"the run of {twin}")
    return run


@pytest.mark.d4(13)
@pytest.mark.d4(14)
def test_each_role_gets_through_where_it_was_agreed(
    subjects: Mapping[str, Subject], runs: Mapping[str, str], tmp_path: Path
) -> None:
    routes, rows = list_routes(tmp_path), read_rows(AGREED)
    is_writing = bool(os.environ.get("TWINHUB_WRITE_ROUTES"))
    if is_writing:
        known = {(row.method, row.route) for row in rows}
        rows += [row for new in sorted(routes - known) for row in first_rows(*new)]
        rows = [row for row in rows if (row.method, row.route) in routes]
    else:
        assert {(row.method, row.route) for row in rows} == routes, "a route without a row"
    lines = [[*HEADS, *subjects]]
    for row in sorted(rows, key=lambda row: (row.route, METHODS.index(row.method))):
        asked = replace(row, request=row.request.replace("{run}", runs.get(row.area, "none")))
        seen = [subject.ask(asked) for subject in subjects.values()]
        lines.append([row.method, row.route, row.area, row.request, *seen])
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
def test_nobody_but_who_asked_for_it_and_their_team_gets_through_to_a_run() -> None:
    """The rule itself, of whatever was agreed on."""
    with AGREED.open(newline="") as file:
        for line in csv.DictReader(file, dialect="excel-tab", quoting=csv.QUOTE_NONE):
            if line["route"] in _PUBLIC:
                continue
            hidden = {**NO_TOKEN, "service users": "401"}
            is_of_a_run = "{run_id}" in line["route"]
            if is_of_a_run or line["area"] in {PRIVATE, OF_TEAM}:
                hidden |= dict.fromkeys(("outsider", "instructor", "admin"), "404")
            if line["area"] == PRIVATE or (is_of_a_run and line["area"] == COMMON):
                hidden |= {"member": "404"}
            assert {name: line[name] for name in hidden} == hidden, line


@pytest.mark.d4(4)
@pytest.mark.d4(14)
@pytest.mark.parametrize(("person", "code"), [("alice", 1000), ("carol", 4404), ("", 4401)])
async def test_a_log_by_a_socket_is_for_whom_the_run_is(
    school: School, runs: Mapping[str, str], person: str, code: int
) -> None:
    there = school.installation
    headers = {"Host": f"twinhub.localhost:{there.port}"}
    if person:
        with HubClient(there, person) as client:
            headers |= client.bearer()
    address = f"ws://127.0.0.1:{there.port}/services/runner/api/runs/{runs[PRIVATE]}/log/socket"
    socket = await websocket_connect(HTTPRequest(address, headers=headers))
    while await socket.read_message() is not None:
        pass
    socket.close()
    assert socket.close_code == code
