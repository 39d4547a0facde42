"""Run by `test_docker_engine.py` in a network namespace: its engine is killed, and comes back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import TestInstallation, running_installation
from tests.fixtures.waiting import wait_for
from tests.integration.kills import scenes

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = Path(os.environ["TWINHUB_TEST_ENGINE"])
_LIVE_RESTORE = os.environ["TWINHUB_TEST_LIVE_RESTORE"] == "with"
_CONTAINERD = _FOLDER / "containerd.sock"
_SECONDS = 60


class Engine:
    """A Docker engine that can be killed."""

    def __init__(self) -> None:
        """Prepare; nothing runs yet."""
        self._process: subprocess.Popen[bytes] | None = None
        self._containers: subprocess.Popen[bytes] | None = None

    def start_containerd(self) -> None:
        """Start what holds the containers: a service of its own, as Debian has it."""
        command = [
            "containerd", f"--root={_FOLDER}/containerd", f"--state={_FOLDER}/exec/containerd",
            f"--address={_CONTAINERD}", "--log-level=warn",
        ]  # fmt: skip
        with (_FOLDER / "containerd.log").open("ab") as log:
            self._containers = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(_CONTAINERD.exists, seconds=_SECONDS, what="containerd")

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [
            "dockerd", f"--containerd={_CONTAINERD}", f"--host={os.environ['DOCKER_HOST']}",
            f"--data-root={_FOLDER}/data", f"--exec-root={_FOLDER}/exec",
            f"--pidfile={_FOLDER}/docker.pid",
            *(["--live-restore"] if _LIVE_RESTORE else []),
        ]  # fmt: skip
        (_FOLDER / "docker.pid").unlink(missing_ok=True)
        with (_FOLDER / "engine.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(_answers, seconds=_SECONDS, what="the engine")

    def pause(self) -> None:
        """Kill it, and leave it so."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def kill(self) -> None:
        """Kill it, and start it again as systemd does."""
        self.pause()
        self.start()

    def stop(self) -> None:
        """Stop it."""
        for process in (self._process, self._containers):
            if process:
                process.terminate()
                process.wait(timeout=_SECONDS)


def _answers() -> bool:
    done = subprocess.run(["docker", "version"], capture_output=True, check=False)
    return done.returncode == 0


@contextmanager
def running_engine() -> Iterator[Engine]:
    """Run an engine with the workspace's image; at the end nothing of it is left."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    engine = Engine()
    try:
        engine.start_containerd()
        engine.start()
        archive = os.environ["TWINHUB_TEST_ARCHIVE"]
        subprocess.run(["docker", "load", "--quiet", f"--input={archive}"], check=True)
        yield engine
    finally:
        engine.stop()
        for name in ("data", "containerd"):
            shutil.rmtree(_FOLDER / name, ignore_errors=True)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """The engine of this namespace."""
    with running_engine() as running:
        yield running


@pytest.fixture(scope="module")
def there(engine: Engine) -> Iterator[TestInstallation]:
    """An installation on that engine."""
    assert engine
    with running_installation() as installation:
        yield installation


@pytest.mark.parametrize("scene", ["sign-in", "spawn", "stop"])
def test_an_engine_killed_in_the_middle_leaves_a_workspace_that_can_be_started(
    engine: Engine, there: TestInstallation, scene: str
) -> None:
    scenes.SCENES[scene](there, engine.kill)


@pytest.mark.skipif(not _LIVE_RESTORE, reason="the engine stops all containers as it comes back")
def test_with_live_restore_kernels_go_on(engine: Engine, there: TestInstallation) -> None:
    scenes.during_idle(there, engine.kill)


@pytest.mark.skipif(_LIVE_RESTORE, reason="the engine leaves containers running")
def test_without_live_restore_the_hub_sees_that_the_workspace_has_stopped(
    engine: Engine, there: TestInstallation
) -> None:
    with HubClient(there, scenes.USER) as client:
        client.start()
        before = there.container(scenes.USER).attrs["State"]["StartedAt"]
    engine.kill()
    scenes.settle(there)
    assert there.container(scenes.USER).attrs["State"]["StartedAt"] != before
