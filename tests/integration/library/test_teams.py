"""A team's folder in workspaces: there for members, gone for whoever leaves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.hub_client import HubClient
from tests.fixtures.waiting import wait_for
from tests.integration.library.conftest import TEAM

if TYPE_CHECKING:
    from tests.integration.library.conftest import School

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_LEFT_SECONDS = 20
"""Ten, and the stop of a container."""


def _restart(client: HubClient) -> None:
    if client.servers():
        client.stop()
    client.start()


def _run(school: School, user: str, *command: str) -> tuple[int, str]:
    done = school.installation.container(user).exec_run(list(command), user="1000")
    assert isinstance(done.output, bytes)
    return done.exit_code or 0, done.output.decode()


def _environment(school: School, user: str) -> dict[str, str]:
    given = school.installation.container(user).attrs["Config"]["Env"]
    return dict(line.split("=", 1) for line in given)


def test_members_share_a_folder_and_whoever_leaves_loses_it(school: School) -> None:
    file = f"/workspace/teams/{TEAM}/shared.txt"
    with (
        HubClient(school.installation, "admin") as admin,
        HubClient(school.installation, "alice") as alice,
        HubClient(school.installation, "bob") as bob,
    ):
        for member in (alice, bob):
            _restart(member)
        assert _run(school, "alice", "sh", "-c", f"echo together > {file}") == (0, "")
        assert _run(school, "bob", "cat", file) == (0, "together\n")
        admin.get("/hub/home")
        body = {"users": ["bob"]}
        admin.api("DELETE", f"/groups/{TEAM}/users", body).raise_for_status()
        try:
            wait_for(lambda: not bob.servers(), seconds=_LEFT_SECONDS, what="a stopped workspace")
            assert alice.is_ready(), "others go on"
            page = bob.get("/user/bob/lab", headers={"Accept": "text/html"}).text
            assert f"you are not in {TEAM} any more" in page
            bob.start()
            assert _run(school, "bob", "ls", "/workspace/teams") == (0, "")
        finally:
            admin.api("POST", f"/groups/{TEAM}/users", body).raise_for_status()


@pytest.mark.d4(50)
def test_a_workspace_reaches_the_librarys_api_and_nothing_else_of_it(school: School) -> None:
    with HubClient(school.installation, "alice") as alice:
        alice.start()
    address = _environment(school, "alice")["TWINHUB_LIBRARY_URL"]
    code = (
        "import os, sys, json, urllib.request, urllib.error\n"
        "found = {}\n"
        "for path in sys.argv[2:]:\n"
        "    request = urllib.request.Request(sys.argv[1] + path, headers={\n"
        "        'Authorization': 'token ' + os.environ['JUPYTERHUB_API_TOKEN']})\n"
        "    try:\n"
        "        found[path] = urllib.request.urlopen(request, timeout=20).status\n"
        "    except urllib.error.HTTPError as error:\n"
        "        found[path] = error.code\n"
        "print(json.dumps(found))\n"
    )
    open_ones = ("/api/folders/alice", "/api/folders/common", "/api/teams")
    closed = ("/metrics", "/health", "/openapi.json", "/api/../metrics", "/api/%2e%2e/metrics",
              "/oauth_callback", "/../culler/", "//metrics")  # fmt: skip
    status, said = _run(school, "alice", "python3", "-c", code, address, *open_ones, *closed)
    assert status == 0, said
    expected = dict.fromkeys(open_ones, 200) | dict.fromkeys(closed, 404)
    assert json.loads(said) == expected


@pytest.mark.d4(15)
def test_only_an_instructors_workspace_may_do_what_instructors_do(school: School) -> None:
    found = {}
    for name in ("alice", "instructor"):
        with HubClient(school.installation, name) as client:
            client.start()
            token = _environment(school, name)["JUPYTERHUB_API_TOKEN"]
            answer = client.get("/hub/api/user", headers={"Authorization": f"token {token}"})
            found[name] = set(answer.json()["scopes"])
    use, instruct = "access:services!service=library", "custom:twinhub:instruct"
    assert found["instructor"] & {use, instruct} == {use, instruct}
    assert found["alice"] & {use, instruct} == {use}
