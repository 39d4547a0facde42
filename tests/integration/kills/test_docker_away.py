"""The hub starts, or goes on, while Docker does not answer: no running workspace is ended by that.

The broker is stopped for it: the hub reaches Docker by no other way.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from docker.errors import NotFound

from tests.fixtures.hub_client import HubClient
from tests.fixtures.kernels import channel_of, execute, new_kernel
from tests.fixtures.waiting import wait_for
from tests.integration.kills.scenes import USER
from tests.integration.operate.test_logs import control, events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_SECONDS = 60
_SAID = "counts as running"


@contextmanager
def docker_away(installation: TestInstallation) -> Iterator[None]:
    """Docker does not answer the hub."""
    control(installation, "stop", "broker")
    try:
        yield
    finally:
        control(installation, "start", "broker")


def kill_hub(installation: TestInstallation, client: HubClient) -> None:
    """Kill the hub and wait until it is there again."""
    before = installation.pids()["hub"]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: installation.pids()["hub"] not in {0, before}, seconds=_SECONDS, what="a hub")
    wait_for(lambda: client.api("GET", "/user").is_success, seconds=_SECONDS, what="its answer")


def started(installation: TestInstallation) -> str:
    """When the workspace's container was started, by Docker itself."""
    return str(installation.container(USER).attrs["State"]["StartedAt"])


def is_gone(installation: TestInstallation) -> bool:
    """Whether the workspace has no container."""
    try:
        installation.container(USER)
    except NotFound:
        return True
    return False


def said(installation: TestInstallation) -> int:
    """How often the hub has said that it does not know."""
    messages = (str(event["message"]) for event in events(installation, "hub"))
    return sum(_SAID in message and f"user={USER}," in message for message in messages)


def test_a_hub_that_starts_while_docker_is_away_ends_no_workspace(
    installation: TestInstallation,
) -> None:
    with HubClient(installation, USER) as client:
        client.start()
        kernel = new_kernel(client)
        with channel_of(client, kernel) as channel:
            execute(channel, "kept = 6 * 7")
        before, told = started(installation), said(installation)
        with docker_away(installation):
            kill_hub(installation, client)
            wait_for(lambda: said(installation) > told, seconds=_SECONDS, what="a look at Docker")
            wait_for(client.is_ready, seconds=_SECONDS, what="a workspace that is found again")
            assert client.get("/hub/home").is_success
        assert said(installation) == told + 1
        assert client.is_ready()
        client.start()
        assert started(installation) == before, "the workspace was started anew"
        assert client.lab_answers()
        with channel_of(client, kernel) as channel:
            assert execute(channel, "print(kept)") == "42\n"


def test_what_stopped_meanwhile_is_seen_once_docker_answers(
    installation: TestInstallation,
) -> None:
    with HubClient(installation, USER) as client:
        client.start()
        told = said(installation)
        with docker_away(installation):
            installation.container(USER).kill()
            wait_for(lambda: said(installation) > told, seconds=_SECONDS, what="a look at Docker")
            assert client.servers()
        wait_for(lambda: not client.servers(), seconds=_SECONDS, what="the truth")


def test_a_stop_waits_for_docker_and_then_happens(installation: TestInstallation) -> None:
    with HubClient(installation, USER) as client:
        client.start()
        with docker_away(installation):
            client.api("DELETE", f"/users/{USER}/server")
            assert client.servers()[""]["pending"] == "stop"
        wait_for(lambda: not client.servers(), seconds=_SECONDS, what="the stop")
        assert is_gone(installation)


def test_a_start_does_not_wait_for_docker_for_ever(installation: TestInstallation) -> None:
    with HubClient(installation, USER) as client:
        client.stop()
        with docker_away(installation):
            client.api("POST", f"/users/{USER}/server")
            failed = client.follow()[-1]
            assert failed["failed"], failed
        client.start()
