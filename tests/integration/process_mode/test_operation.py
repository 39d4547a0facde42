"""The process mode through restarts, kills and `twinhub down`: what lives on and what ends."""

from __future__ import annotations

import os
import signal
import subprocess
from time import monotonic
from typing import TYPE_CHECKING

import psutil
import pytest
from twinhub_hub.sandbox.command import Sandbox, sandbox_command
from twinhub_hub.sandbox.edition import current_edition, environment_of
from twinhub_hub.sandbox.processes import find_sandboxes, stop_sandbox

from tests.fixtures.hub_client import HubClient
from tests.fixtures.waiting import wait_for
from tests.integration.process_mode.conftest import USER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_hub.sandbox.processes import FoundSandbox

    from tests.fixtures.installation import TestInstallation
    from tests.integration.process_mode.shell import Shell

pytestmark = pytest.mark.slow

_SECONDS = 30


def _sandboxes(there: TestInstallation) -> list[FoundSandbox]:
    return find_sandboxes(there.home / "homes")


def _is_left(marker: str) -> bool:
    return any(marker in process.info["cmdline"] for process in psutil.process_iter(["cmdline"])
               if process.info["cmdline"])  # fmt: skip


def test_one_account_signs_in_under_a_banner_that_tells_how_to_get_the_real_thing(
    client: HubClient, process_installation: TestInstallation
) -> None:
    said = process_installation.run("up", "--engine=process").stdout
    assert process_installation.password("alice") in said
    assert process_installation.password("bob") not in said
    assert "PROCESS MODE" in said
    assert "twinhub up --engine=install" in said
    refused = HubClient(process_installation, "bob")
    assert refused.sign_in().status_code == 403
    refused.close()
    page = client.get("/hub/home").text
    assert "Process mode" in page
    assert "twinhub up --engine=install" in page


async def test_workspace_survives_a_killed_hub(
    client: HubClient, shell: Shell, process_installation: TestInstallation
) -> None:
    await shell.output("touch /dev/shm/mark")
    before = _sandboxes(process_installation)
    hub = process_installation.pids()["hub"]
    os.kill(hub, signal.SIGKILL)
    wait_for(
        lambda: (
            process_installation.pids().get("hub") not in {0, None, hub}
            and process_installation.status()["running"]
        ),
        seconds=_SECONDS,
        what="another hub",
    )
    assert client.is_ready()
    assert await shell.output("ls /dev/shm") == "mark", "it is the same sandbox"
    assert _sandboxes(process_installation) == before
    client.stop()  # what another hub started is ended like one's own
    assert _sandboxes(process_installation) == []


async def test_a_second_up_changes_nothing(
    shell: Shell, process_installation: TestInstallation
) -> None:
    await shell.output("true")
    sandboxes, processes = _sandboxes(process_installation), process_installation.pids()
    start = monotonic()
    done = process_installation.run("up", "--engine=process")
    assert done.returncode == 0
    assert monotonic() - start < 10
    assert "installing" not in done.stdout
    assert _sandboxes(process_installation) == sandboxes
    assert process_installation.pids() == processes
    assert process_installation.status()["workspaces"] == [
        {"name": USER, "state": "running", "is_outdated": False}
    ]


async def test_down_stops_everything_removes_nothing_and_up_starts_again(
    client: HubClient, shell: Shell, process_installation: TestInstallation
) -> None:
    await shell.output("echo kept > data/kept.txt; echo kept > ~/kept.txt")
    done = process_installation.run("down")
    assert done.returncode == 0, done.stderr
    assert "Workspaces: 1 stopped" in done.stdout
    assert _sandboxes(process_installation) == []
    assert not _is_left(str(process_installation.home / "state"))
    assert process_installation.run("up", "--engine=process").returncode == 0
    client.sign_in()
    client.start()
    assert await shell.output("cat data/kept.txt ~/kept.txt") == "kept\nkept"


async def test_stop_ends_what_does_not_want_to_end(
    client: HubClient, shell: Shell, process_installation: TestInstallation
) -> None:
    marker = f"stubborn-{process_installation.port}"
    await shell.output(
        f"setsid bash -c 'exec -a {marker} bash -c \"trap : TERM HUP INT; while :; do read -t 9 <> "
        "<(:); done\"' >/dev/null 2>&1 & sleep 0"
    )
    wait_for(lambda: _is_left(marker), seconds=_SECONDS, what="the stubborn process")
    client.stop()
    assert _sandboxes(process_installation) == []
    wait_for(lambda: not _is_left(marker), seconds=_SECONDS, what="its end")


async def test_a_server_that_dies_is_noticed_and_takes_the_background_with_it(
    client: HubClient, shell: Shell, process_installation: TestInstallation
) -> None:
    marker = f"background-{process_installation.port}"
    await shell.output(f"setsid bash -c 'exec -a {marker} sleep 900' >/dev/null 2>&1 & sleep 0")
    (before,) = _sandboxes(process_installation)
    wait_for(lambda: _is_left(marker), seconds=_SECONDS, what="the process in the background")
    (server,) = (
        process
        for process in psutil.Process(before.process.pid).children()
        if "serve.py" in " ".join(process.cmdline())
    )
    server.kill()
    server.wait(_SECONDS)
    client.start()
    (after,) = _sandboxes(process_installation)
    assert after.process != before.process
    assert not _is_left(marker)


@pytest.fixture
def bobs(process_installation: TestInstallation) -> Iterator[subprocess.Popen[bytes]]:
    """A sandbox of somebody else."""
    home = process_installation.home
    for folder in ("homes/bob", "assets/bob/common"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    edition = current_edition(home / "environments")
    sandbox = Sandbox(
        edition=edition,
        home=home / "homes/bob",
        private=home / "assets/bob",
        common=home / "assets/common",
        uid=os.geteuid(),
        shared_memory=2**20,
    )
    command = sandbox_command(sandbox, ["sleep", "600"], operator_uid=os.geteuid())
    with subprocess.Popen(command, env=environment_of(edition)) as process:
        wait_for(
            lambda: "bob" in {found.label for found in _sandboxes(process_installation)},
            seconds=_SECONDS,
            what="bob's sandbox",
        )
        yield process
        for found in _sandboxes(process_installation):
            if found.label == "bob":
                stop_sandbox(found.process, grace_seconds=0)


def test_a_second_workspace_is_refused(
    process_installation: TestInstallation, bobs: subprocess.Popen[bytes]
) -> None:
    with HubClient(process_installation, USER) as session:
        session.get("/hub/home")
        _stop_own(session)
        assert "one workspace at a time" in _refused_start(session)
    assert bobs.poll() is None


def _stop_own(session: HubClient) -> None:
    if session.servers():
        session.stop()


@pytest.mark.d4(55)
def test_six_failed_starts_leave_the_hub_up_and_say_what_is_wrong(
    client: HubClient, process_installation: TestInstallation
) -> None:
    client.stop()
    hub = process_installation.pids()["hub"]
    link = process_installation.home / "environments" / "current"
    aside = link.rename(link.with_name("aside"))
    try:
        for _ in range(6):
            assert "twinhub up" in _refused_start(client)
    finally:
        aside.rename(link)
    assert process_installation.pids()["hub"] == hub
    client.start()


@pytest.mark.d4(55)
def test_a_start_that_fails_shows_the_last_lines_of_the_log(
    client: HubClient, process_installation: TestInstallation
) -> None:
    client.stop()
    home = process_installation.home / "homes" / USER
    edition = current_edition(process_installation.home / "environments")
    start = edition / "opt" / "bin" / "start-workspace"
    kept = start.read_text()
    start.write_text("#!/bin/sh\necho the-reason-is-here >&2\nexit 7\n")
    try:
        assert "the-reason-is-here" in _refused_start(client)
    finally:
        start.write_text(kept)
    assert home.is_dir()
    assert _sandboxes(process_installation) == []
    client.start()


def _refused_start(session: HubClient) -> str:
    """Ask for a start that fails, and return the text of the page that follows."""
    session.get("/hub/home")
    asked = session.api("POST", f"/users/{session.user}/server")
    if asked.is_success:
        wait_for(lambda: not session.servers(), seconds=_SECONDS, what="the end of the start")
    return asked.text + session.get(f"/hub/spawn-pending/{session.user}").text
