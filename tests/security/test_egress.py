"""Workspaces of a group without egress: the hub's API and nothing else, names included."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import running_installation
from tests.fixtures.outside import METADATA, OUTSIDE, PORTS, machine_outside
from tests.fixtures.requirements import need_root
from tests.security.test_walls import hub_api, reached_from, run_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_SETTINGS = """
groups:
  - {name: instructor, egress: none}
"""
_LOOK_UP = """
import socket, time
started = time.monotonic()
try:
    socket.getaddrinfo("www.example.org", 443)
except socket.gaierror:
    print(time.monotonic() - started)
"""


@pytest.fixture(scope="module")
def closed() -> Iterator[TestInstallation]:
    """An installation whose instructors have no egress; Bob is none."""
    need_root("walls are put up by root")
    with running_installation(settings=_SETTINGS) as installation:
        yield installation


@pytest.mark.d4(50)
def test_their_workspaces_work_and_reach_nothing_outside(closed: TestInstallation) -> None:
    with (
        machine_outside(),
        HubClient(closed, "instructor") as member,
        HubClient(closed, "bob") as bob,
    ):
        bob.start()
        member.start()
        other = closed.container("bob").attrs["NetworkSettings"]["Networks"]
        address = other[closed.setting("network")]["IPAddress"]
        targets = {(host, port) for host in (OUTSIDE, *METADATA) for port in PORTS}
        targets |= {(address, 8888), ("169.254.169.254", 53), hub_api(closed)}
        outside = {(OUTSIDE, port) for port in PORTS}
        assert outside < reached_from(closed, "bob", targets)
        assert reached_from(closed, "instructor", targets) == {hub_api(closed)}
        assert member.lab_answers()
        found = closed.container("instructor").attrs
        assert list(found["NetworkSettings"]["Networks"]) == [f"{closed.setting('network')}-none"]
        assert found["HostConfig"]["Dns"] == ["127.0.0.1"]
        seconds = float(run_python(closed, "instructor", _LOOK_UP))
        assert seconds < 10


def test_check_lists_the_rules_of_both_bridges(closed: TestInstallation) -> None:
    report = json.loads(closed.run("check", "--json").stdout)["walls"]
    assert report["in_place"] is True, report
    assert "Walls: in place" in closed.run("up").stdout
