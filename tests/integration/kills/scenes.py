"""What a person does when a process is killed, and what has to hold half a minute later."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING

import httpx
from docker.errors import NotFound

from tests.fixtures.hub_client import HubClient
from tests.fixtures.kernels import channel_of, execute, new_kernel
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fixtures.installation import TestInstallation

SETTLE_SECONDS = 30
"""After this long everything is as the table in `docs/explanation/what-survives.md` says."""

USER = "alice"
_START_SECONDS = 90


def during_sign_in(installation: TestInstallation, kill: Callable[[], None]) -> None:
    """Somebody signs in; afterwards everybody can."""
    client = HubClient(installation, USER)
    try:
        with beside(client.sign_in):
            kill()
    finally:
        client.close()
    settle(installation)


def during_spawn(installation: TestInstallation, kill: Callable[[], None]) -> None:
    """A workspace is being started; it comes up, or can be started again."""
    with HubClient(installation, USER) as client:
        client.stop()
        with beside(client.start):
            wait_for(lambda: _container(installation), seconds=_START_SECONDS, what="a container")
            kill()
    settle(installation)


def during_idle(installation: TestInstallation, kill: Callable[[], None]) -> None:
    """A notebook is open; its kernel goes on and is reached again, and so is the terminal."""
    with HubClient(installation, USER) as client:
        client.start()
        kernel = new_kernel(client)
        with channel_of(client, kernel) as channel:
            execute(channel, "kept = 6 * 7")
        terminals = f"{client.workspace}/api/terminals"
        terminal = client.post(terminals, content=b"", headers=client.bearer()).json()["name"]
        before = _container(installation)
    kill()
    settle(installation)
    with HubClient(installation, USER) as client:
        assert _container(installation) == before, "the workspace was started anew"
        with channel_of(client, kernel) as channel:
            assert execute(channel, "print(kept)") == "42\n"
        listed = client.get(terminals, headers=client.bearer()).json()
        assert terminal in {one["name"] for one in listed}


def during_stop(installation: TestInstallation, kill: Callable[[], None]) -> None:
    """A workspace is being stopped; it stops, or runs on and can be stopped."""
    with HubClient(installation, USER) as client:
        client.start()
        with beside(client.stop):
            wait_for(
                lambda: client.servers().get("", {"pending": "stop"})["pending"] == "stop",
                seconds=_START_SECONDS,
                what="a stop",
            )
            kill()
    settle(installation)


SCENES = {
    "sign-in": during_sign_in,
    "spawn": during_spawn,
    "idle": during_idle,
    "stop": during_stop,
}


@contextmanager
def beside(action: Callable[[], object]) -> Iterator[None]:
    """Run something at the same time; it may fail, and has ended when the context is left."""

    def run() -> None:
        with suppress(httpx.HTTPError, AssertionError, KeyError, ValueError, IndexError):
            action()

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(timeout=4 * _START_SECONDS)
        assert not thread.is_alive()


def settle(installation: TestInstallation) -> None:
    """Wait until everything answers, and check that hub and Docker agree on the workspace."""
    wait_for(
        lambda: all(installation.pids().values()), seconds=SETTLE_SECONDS, what="all processes"
    )
    client = HubClient(installation, USER)
    try:
        wait_for(lambda: _signs_in(client), seconds=SETTLE_SECONDS, what="a sign-in")
        wait_for(lambda: _agrees(installation, client), seconds=SETTLE_SECONDS, what="agreement")
        client.start()
        wait_for(client.lab_answers, seconds=SETTLE_SECONDS, what="JupyterLab")
        assert _container(installation)
    finally:
        client.close()


def _signs_in(client: HubClient) -> bool:
    try:
        client.sign_in()
        return client.api("GET", "/user").status_code == 200
    except (httpx.HTTPError, IndexError):
        return False


def _agrees(installation: TestInstallation, client: HubClient) -> bool:
    """Whether the workspace runs for the hub and for Docker, or for neither."""
    server = client.servers().get("")
    if server is None:
        return _container(installation) is None
    return bool(server["ready"]) and not server["pending"] and bool(_container(installation))


def _container(installation: TestInstallation) -> str | None:
    """The id and the start of the workspace's running container; None without one."""
    try:
        container = installation.container(USER)
    except NotFound:
        return None
    state = container.attrs["State"]
    return f"{container.id} {state['StartedAt']}" if state["Running"] else None
