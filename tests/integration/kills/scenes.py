"""What a person does when a process is killed, and what has to hold half a minute later."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

import httpx
from docker.errors import NotFound

from tests.fixtures.hub_client import HubClient
from tests.fixtures.kernels import channel_of, execute, new_kernel
from tests.fixtures.terminals import new_terminal, terminal_of, type_command
from tests.fixtures.waiting import Deadline, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fixtures.installation import TestInstallation

SETTLE_SECONDS = 30
"""After this long everything is as the table in `docs/explanation/what-survives.md` says.

One limit for all of it, a start of the workspace included. It is counted from the kill; for what
something else starts again (the supervisor, Docker) from when it runs once more.
"""

USER = "alice"
_START_SECONDS = 90


def during_sign_in(installation: TestInstallation, kill: Callable[[], None]) -> None:
    """Somebody signs in; afterwards everybody can."""
    client = HubClient(installation, USER)
    try:
        with beside(client.sign_in):
            kill()
            settle(installation)
    finally:
        client.close()


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
        terminal = new_terminal(client)
        with terminal_of(client, terminal) as channel:
            type_command(channel, "kept=$((6 * 7)); echo it-is-$kept", until="it-is-42")
        before = _container(installation)
    kill()
    settle(installation)
    with HubClient(installation, USER) as client:
        assert _container(installation) == before, "the workspace was started anew"
        with channel_of(client, kernel) as channel:
            assert execute(channel, "print(kept)") == "42\n"
        with terminal_of(client, terminal) as channel:
            type_command(channel, "echo still-$kept", until="still-42")


def during_stop(installation: TestInstallation, kill: Callable[[], None]) -> None:
    """A workspace is being stopped; it stops, or runs on and can be stopped."""
    with HubClient(installation, USER) as client:
        client.start()
        with beside(partial(_ask_to_stop, client)):
            wait_for(
                lambda: client.servers().get("", {"pending": "stop"})["pending"] == "stop",
                seconds=_START_SECONDS,
                what="a stop",
            )
            kill()
            settle(installation)


def _ask_to_stop(client: HubClient) -> None:
    client.get("/hub/home")
    client.api("DELETE", f"/users/{USER}/server")


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
    """Have everything answer and hub and Docker agree, all within one deadline from now."""
    deadline = Deadline(SETTLE_SECONDS)
    deadline.wait_for(lambda: all(installation.pids().values()), what="all processes")
    client = HubClient(installation, USER)
    try:
        deadline.wait_for(lambda: _signs_in(client), what="a sign-in")
        deadline.wait_for(lambda: _agrees(installation, client), what="agreement")
        client.start()
        deadline.wait_for(client.lab_answers, what="JupyterLab")
        assert _container(installation)
    finally:
        client.close()
    print(f"settled after {deadline.elapsed_seconds:.1f} s")  # noqa: T201 - a figure to look at


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
