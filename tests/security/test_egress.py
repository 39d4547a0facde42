"""Workspaces whose egress is not open: the hub's API and listed hosts, and no name server."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil
import pytest
from twinhub_hub.operate.programs import find_program

from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import running_installation
from tests.fixtures.outside import METADATA, OUTSIDE, PORTS, machine_outside
from tests.fixtures.requirements import missing, need_root
from tests.fixtures.waiting import wait_for
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

_LISTED = f"""
workspace:
  egress_hosts: [{OUTSIDE}, 127.0.0.1, {METADATA[0]}, .example.org]
groups:
  - {{name: instructor, egress: listed}}
"""
_FETCH = """
import json, os, sys
from http.client import HTTPConnection
host, _, port = os.environ["https_proxy"].removeprefix("http://").rpartition(":")
answers = {}
for method, target in json.loads(sys.argv[1]):
    proxy = HTTPConnection(host, int(port), timeout=20)
    proxy.request(method, target)
    answers[f"{method} {target}"] = proxy.getresponse().status
    proxy.close()
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def closed() -> Iterator[TestInstallation]:
    """An installation whose instructors have no egress; Bob is none."""
    need_root("walls are put up by root")
    with running_installation(settings=_SETTINGS) as installation:
        yield installation


@pytest.fixture(scope="module")
def listed() -> Iterator[TestInstallation]:
    """An installation whose instructors reach listed hosts only; Bob is none."""
    need_root("walls are put up by root")
    if find_program("squid") is None:
        missing("squid", "apt-get install squid")
    with running_installation(settings=_LISTED) as installation:
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


@pytest.mark.d4(50)
def test_listed_hosts_are_reached_through_the_proxy_and_no_others(listed: TestInstallation) -> None:
    refused = [
        ("CONNECT", "198.51.100.11:443"),  # not in the list
        ("CONNECT", "secret.example.com:443"),  # nor is this name, which is not looked up
        ("CONNECT", f"{OUTSIDE}:80"),  # a tunnel is for TLS
        ("CONNECT", f"{OUTSIDE}:22"),
        ("GET", f"http://{OUTSIDE}:443/"),
        ("CONNECT", "127.0.0.1:443"),  # this machine and its cloud, listed or not
        ("GET", f"http://{METADATA[0]}/"),
        ("GET", f"http://{OUTSIDE}@{METADATA[0]}/"),
        ("GET", "/squid-internal-mgr/info"),
    ]
    passed = ("CONNECT", f"{OUTSIDE}:443")
    with (
        machine_outside(),
        HubClient(listed, "instructor") as member,
        HubClient(listed, "bob") as bob,
    ):
        bob.start()
        member.start()
        proxy = urlsplit(environment(listed, "instructor")["HTTPS_PROXY"])
        assert proxy.hostname
        assert proxy.port
        here = {(proxy.hostname, proxy.port)}
        targets = {(host, port) for host in (OUTSIDE, *METADATA) for port in PORTS} | here
        allowed = {hub_api(listed)} | here
        assert reached_from(listed, "instructor", targets | allowed) == allowed
        assert not here & reached_from(listed, "bob", here)
        assert "HTTPS_PROXY" not in environment(listed, "bob")
        answers = json.loads(
            run_python(listed, "instructor", _FETCH, json.dumps([passed, *refused]))
        )
        assert answers.pop(" ".join(passed)) == 200
        assert set(answers.values()) <= {400, 403, 404}, answers
        assert len(answers) == len(refused)
        float(run_python(listed, "instructor", _LOOK_UP))  # it fails
        assert member.lab_answers()
        lines = listed.log("egress").splitlines()
        assert any(f"TCP_TUNNEL 200 CONNECT {OUTSIDE}:443" in line for line in lines), lines
        assert all(json.loads(line)["process"] == "egress" for line in lines)


def test_a_changed_list_holds_at_once_and_a_killed_proxy_comes_back(
    listed: TestInstallation,
) -> None:
    path = listed.home / "twinhub.yaml"
    asked = json.dumps([("CONNECT", f"{OUTSIDE}:443")])
    with machine_outside(), HubClient(listed, "instructor") as member:
        member.start()
        started = listed.container("instructor").attrs["State"]["StartedAt"]
        (squid,) = (p for p in psutil.process_iter(["name"]) if _is_of(p, listed))
        squid.kill()
        wait_for(lambda: fetched(listed, asked) == [200], seconds=30, what="the proxy once more")
        good = path.read_text()
        path.write_text(good.replace(f"{OUTSIDE}, ", ""))
        try:
            assert listed.run("up").returncode == 0
            assert fetched(listed, asked) == [403]
        finally:
            path.write_text(good)
            assert listed.run("up").returncode == 0
        assert listed.container("instructor").attrs["State"]["StartedAt"] == started


def fetched(installation: TestInstallation, asked: str) -> list[int]:
    """The statuses by which the proxy answered; none where it did not."""
    try:
        return list(json.loads(run_python(installation, "instructor", _FETCH, asked)).values())
    except AssertionError:
        return []


def environment(installation: TestInstallation, user: str) -> dict[str, str]:
    """The variables that a user's container was given."""
    given = installation.container(user).attrs["Config"]["Env"]
    return dict(variable.split("=", 1) for variable in given)


def _is_of(process: psutil.Process, installation: TestInstallation) -> bool:
    with suppress(psutil.Error):
        given = process.environ().get("TWINHUB_HOME")
        return process.name() == "squid" and given == str(installation.home)
    return False
