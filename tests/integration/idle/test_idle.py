"""Workspaces tell what works in them, and are stopped when nothing does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures import further
from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import running_installation
from tests.fixtures.kernels import execute, open_kernel
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_USER = "alice"
_IDLE_SECONDS = 14
_SETTINGS = f"""
workspace:
  idle_hours: {_IDLE_SECONDS / 3600}
"""
_SITE = """
c.Spawner.environment["TWINHUB_REPORT_SECONDS"] = "2"
c.JupyterHub.last_activity_interval = 1
"""
_SECONDS = 60


@pytest.fixture(scope="module")
def hurried() -> Iterator[TestInstallation]:
    """An installation whose workspaces stop after seconds, and tell each second what works."""
    with running_installation(settings=_SETTINGS, site_python=_SITE) as installation:
        yield installation


@contextmanager
def culler(installation: TestInstallation) -> Iterator[None]:
    """Run what stops idle workspaces; the installation's own begins minutes after its start."""
    running = json.loads((installation.home / "state" / "running.json").read_text())
    command = [
        sys.executable, "-m", "twinhub_hub.operate.culler", "--cull-every=1",
        f"--timeout={_IDLE_SECONDS}", f"--url=http://127.0.0.1:{running['hub_port']}/hub/api",
    ]  # fmt: skip
    token = (installation.home / "secrets" / "culler_token").read_text().strip()
    environment = {**os.environ, "JUPYTERHUB_API_TOKEN": token}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def work(client: HubClient) -> dict[str, Any]:
    """What JupyterLab is told."""
    answer = client.get(f"{client.workspace}/twinhub/work", headers=client.bearer())
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def until(client: HubClient, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until something holds of what JupyterLab is told; fail with all that it was told."""
    told: list[dict[str, Any]] = []

    def look() -> bool:
        told.append(work(client))
        return holds(told[-1])

    try:
        wait_for(look, seconds=_SECONDS, what="what JupyterLab is to be told")
    except AssertionError as error:
        raise AssertionError(f"{error}: {[one.get('seen') for one in told[-9:]]}") from None


def last_activity(client: HubClient) -> datetime:
    """The time from which the culler counts."""
    return datetime.fromisoformat(str(client.servers()[""]["last_activity"]))


def test_a_workspace_that_works_goes_on_and_one_that_does_not_stops(
    hurried: TestInstallation,
) -> None:
    with HubClient(hurried, _USER) as alice:
        alice.stop()  # one of an earlier test may be kept
        alice.start()
        with open_kernel(alice) as channel:
            execute(channel, "import subprocess; p = subprocess.Popen(['sleep', '1000'])")
            code = "import time; time.sleep(35)"
            with culler(hurried):
                execute(channel, code)  # more than twice as long as an idle workspace lives
                assert alice.servers()
                home = alice.get("/hub/home").text
                assert "Stop" in home
                # a page that is open and asks for news is no work, nor is a connection to a kernel
                wait_for(
                    lambda: (
                        bool(alice.get(f"{alice.workspace}/api/status")) and not alice.servers()
                    ),
                    seconds=_SECONDS,
                    what="a stop",
                )


def test_a_second_workspace_that_is_idle_stops_while_the_first_works(
    hurried: TestInstallation,
) -> None:
    with HubClient(hurried, _USER) as alice:
        alice.stop()  # one of an earlier test may be kept
        alice.start()
        further.start(alice, "second")
        with open_kernel(alice) as channel, culler(hurried):
            execute(channel, "import time; time.sleep(35)")
            wait_for(lambda: not further.is_ready(alice, "second"), seconds=_SECONDS, what="a stop")
            assert further.is_ready(alice, "")
        further.stop(alice, "second", remove=True)


def test_people_see_what_works(hurried: TestInstallation) -> None:
    with HubClient(hurried, _USER) as alice:
        alice.stop()  # one of an earlier test may be kept
        alice.start()
        with open_kernel(alice) as channel:
            execute(channel, "import socket; s = socket.create_server(('127.0.0.1', 9000))")
            until(alice, lambda found: "port 9000: open" in str(found.get("seen")))
            assert "port 9000: open" in alice.get("/hub/home").text
            execute(channel, "s.close()")
            until(alice, lambda found: bool(found["is_near"]))
            assert "idle" in work(alice)["seen"]
            home = alice.get("/hub/home").text
            assert "Idle since" in home
            assert "Keep it for 12 hours" in home
        file = {"type": "file", "format": "text", "content": "saved"}
        path = f"{alice.workspace}/api/contents/saved.txt"
        headers = alice.bearer()
        alice.put(path, body=file, headers=headers).raise_for_status()
        until(alice, lambda found: not found["is_near"])


def test_a_kept_workspace_is_kept_whatever_becomes_of_the_hub(hurried: TestInstallation) -> None:
    with HubClient(hurried, _USER) as alice:
        alice.stop()  # one of an earlier test may be kept
        alice.start()
        answer = alice.post(f"{alice.workspace}/twinhub/keep", content=b"", headers=alice.bearer())
        assert not answer.raise_for_status().json()["is_near"]
        kept = last_activity(alice)
        promised = datetime.now(UTC) + timedelta(hours=12)
        assert abs(kept + timedelta(seconds=_IDLE_SECONDS) - promised) < timedelta(minutes=1)
        os.kill(hurried.pids()["hub"], signal.SIGKILL)
        wait_for(lambda: _answers(alice), seconds=_SECONDS, what="the hub")
        assert last_activity(alice) == kept
        again = alice.api("POST", f"/users/{_USER}/server/keep").raise_for_status().json()
        assert datetime.fromisoformat(again["stops_at"]) - kept < timedelta(minutes=2)
        asleep = datetime.now(UTC) + timedelta(seconds=2 * _IDLE_SECONDS)
        with culler(hurried):
            wait_for(lambda: datetime.now(UTC) > asleep, seconds=_SECONDS, what="the culler")
        assert alice.servers()


def _answers(client: HubClient) -> bool:
    return client.api("GET", f"/users/{client.user}").status_code == 200


@pytest.mark.d4(6)
def test_nobody_tells_or_keeps_anothers_workspace(hurried: TestInstallation) -> None:
    with HubClient(hurried, _USER) as alice, HubClient(hurried, "bob") as bob:
        alice.stop()  # one of an earlier test may be kept
        alice.start()
        bob.sign_in()
        before = last_activity(alice)
        for what in ("work", "keep"):
            assert bob.api("POST", f"/users/{_USER}/server/{what}", {}).status_code in {403, 404}
            assert bob.api("POST", f"/users/bob/server/{what}", {}).status_code in {400, 404}
        assert last_activity(alice) - before < timedelta(hours=1)
        future = {"last_work": "2099-01-01T00:00:00Z", "signs": []}
        assert alice.api("POST", f"/users/{_USER}/server/work", future).status_code == 200
        assert last_activity(alice) <= max(before, datetime.now(UTC))
        wrong = alice.api("POST", f"/users/{_USER}/server/work", {"last_work": "soon"})
        assert wrong.status_code == 400
        assert "last_work" in wrong.json()["message"]
