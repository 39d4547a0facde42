"""A second workspace: its files, its address, its limits, and what becomes of it."""

from __future__ import annotations

import os
import signal
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.further import SOLVERS, container, is_ready, path_of, run_in, start, stop
from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import engine
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_SECONDS = 120


@pytest.fixture
def alice(offering: TestInstallation) -> Iterator[HubClient]:
    """Somebody with a first workspace that runs, and no other afterwards."""
    with HubClient(offering, "alice") as client:
        if not is_ready(client, ""):
            start(client, "")
        yield client
        for server in client.api("GET", "/users/alice?include_stopped_servers").json()["servers"]:
            if server:
                stop(client, server, remove=True)


def at(client: HubClient, page: str) -> httpx.Response:
    """What is at an address below that of the first workspace."""
    client._forget_attempts()
    return client.get(f"{client.workspace}/{page}")


def says_not_running(answer: httpx.Response) -> bool:
    """Whether it is the hub's page on a workspace that does not run."""
    return answer.status_code == HTTPStatus.FAILED_DEPENDENCY and "is not running" in answer.text


def test_both_have_the_same_files_and_a_layout_each(alice: HubClient) -> None:
    start(alice, "second", SOLVERS)
    run_in(alice, "second", "echo same > ~/note && echo same > /workspace/data/note")
    assert run_in(alice, "", "cat ~/note /workspace/data/note") == "same\nsame\n"
    variable = "echo ${JUPYTERLAB_WORKSPACES_DIR-default}"
    assert run_in(alice, "", variable) == "default\n"
    assert run_in(alice, "second", variable).endswith("/workspaces-second\n")
    for server, image in (("", "twinhub/workspace:0.1.0"), ("second", SOLVERS)):
        assert container(alice, server).attrs["Config"]["Image"] == image
    assert "jupyter-config-data" in at(alice, "second/lab").text
    assert "jupyter-config-data" in at(alice, "lab").text


def test_the_address_of_one_that_does_not_run_says_so(alice: HubClient) -> None:
    assert at(alice, "second/lab").status_code == HTTPStatus.NOT_FOUND, "nobody's yet"
    start(alice, "second")
    stop(alice, "second")
    assert says_not_running(at(alice, "second/lab"))
    assert "jupyter-config-data" in at(alice, "lab").text
    assert at(alice, "secondary/lab").status_code == HTTPStatus.NOT_FOUND
    start(alice, "second")
    assert "jupyter-config-data" in at(alice, "second/lab").text
    stop(alice, "second", remove=True)
    wait_for(
        lambda: at(alice, "second/lab").status_code == HTTPStatus.NOT_FOUND,
        seconds=_SECONDS, what="the first workspace's own answer",
    )  # fmt: skip
    assert "/hub/" not in str(at(alice, "second/lab").url)


def test_a_proxy_that_was_started_again_leads_there_too(
    alice: HubClient, offering: TestInstallation
) -> None:
    start(alice, "second")
    stop(alice, "second")
    os.kill(offering.pids()["proxy"], signal.SIGKILL)
    wait_for(alice.lab_answers, seconds=_SECONDS, what="the first workspace")
    wait_for(
        lambda: says_not_running(at(alice, "second/lab")), seconds=_SECONDS, what="the hub's page"
    )


@pytest.mark.parametrize(
    "name", ["lab", "api", "proxy", "vscode", "Second", "a--b", "-a", "ä", "a" * 31]
)
def test_a_name_that_is_a_page_or_no_label_is_refused(alice: HubClient, name: str) -> None:
    alice.get("/hub/home")
    for method in ("POST", "PUT"):
        answer = alice.api(method, path_of(alice, name))
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert "workspace" in answer.json()["message"]
    page = alice.get(f"/hub/spawn/alice/{name}")
    assert page.status_code == HTTPStatus.BAD_REQUEST


def test_nobody_has_more_than_the_settings_say(alice: HubClient) -> None:
    alice.get("/hub/home")
    for name in ("second", "third"):
        alice.api("PUT", path_of(alice, name)).raise_for_status()
    answer = alice.api("POST", path_of(alice, "fourth"))
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "2 further workspaces" in answer.json()["message"]


@pytest.mark.d4(48)
def test_each_has_the_limits_and_walls_of_a_workspace(alice: HubClient) -> None:
    start(alice, "second")
    first, second = (container(alice, server).attrs for server in ("", "second"))
    same = ("Memory", "MemorySwap", "CpuQuota", "PidsLimit", "CapDrop", "SecurityOpt", "Binds")
    for key in same:
        assert second["HostConfig"][key] == first["HostConfig"][key], key
    address = next(iter(first["NetworkSettings"]["Networks"].values()))["IPAddress"]
    probe = f"timeout 3 bash -c '</dev/tcp/{address}/8888' && echo reached || echo not"
    assert run_in(alice, "second", probe).splitlines()[-1] == "not"


@pytest.mark.d4(6)
def test_nobody_else_gets_into_it(alice: HubClient, offering: TestInstallation) -> None:
    start(alice, "second")
    with HubClient(offering, "bob") as bob:
        answer = bob.get(f"{alice.workspace}/second/lab")
        assert answer.status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
        address = f"{alice.workspace}/second/api/contents"
        assert bob.get(address, headers=bob.bearer()).status_code in {403, 404}
        assert bob.api("DELETE", path_of(alice, "second")).status_code in {403, 404}


@pytest.mark.d4(59)
def test_with_its_user_it_is_deleted(offering: TestInstallation) -> None:
    with HubClient(offering, "bob") as bob, HubClient(offering, "admin") as admin:
        for server in ("", "second"):
            if not is_ready(bob, server):
                start(bob, server)
        admin.get("/hub/home")
        wait_for(
            lambda: admin.api("DELETE", "/users/bob").status_code == HTTPStatus.NO_CONTENT,
            seconds=_SECONDS, what="a hub without the user",
        )  # fmt: skip
    start_of_name = f"^/{offering.prefix}-workspace-bob"
    left = engine().containers.list(all=True, filters={"name": start_of_name})
    assert left == []
    with HubClient(offering, "bob") as again:
        assert again.get("/hub/home").status_code == HTTPStatus.OK, "the account is still there"
        answer = again.api("POST", "/users/bob/server")
        assert answer.status_code in {201, 202, 409}
        assert not is_ready(again, ""), "as long as there are files of the one who was deleted"
    assert offering.run("up").returncode == 0
    with HubClient(offering, "bob") as again:
        start(again, "")
        assert run_in(again, "", "ls -A ~ | grep -c note || true").strip() == "0"
        stop(again, "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/alice/lab", "/user/alice/lab"),
        ("/alice/lab/tree/data?reset=1", "/user/alice/lab/tree/data?reset=1"),
        ("/alice/tools/vnc?path=tools%2Fvnc", "/user/alice/tools/vnc?path=tools%2Fvnc"),
        ("/alice/services", "/user/alice/services"),
    ],
)
def test_old_addresses_lead_to_ones_own_workspace(
    alice: HubClient, offering: TestInstallation, old: str, new: str
) -> None:
    hub = alice.get(old, follow_redirects=False).headers["location"]
    answer = alice.get(hub, follow_redirects=False)
    assert answer.headers["location"] == f"{offering.address_of('alice')}{new}"


@pytest.mark.parametrize("path", ["/bob/lab", "/bob/services", "/alice/none", "/nobody/tools/vnc"])
def test_other_old_addresses_lead_nowhere(alice: HubClient, path: str) -> None:
    assert alice.get(path).status_code == HTTPStatus.NOT_FOUND
