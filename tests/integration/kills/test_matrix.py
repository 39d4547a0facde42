"""Each process killed at each moment; `make test` does some, `make test-long` all."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.waiting import wait_for
from tests.integration.kills.scenes import SCENES

if TYPE_CHECKING:
    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

PROCESSES = ("hub", "proxy", "edge", "broker", "culler", "supervisor")
_SAMPLE = {
    ("hub", "spawn"), ("hub", "stop"), ("hub", "idle"), ("broker", "spawn"), ("proxy", "idle"),
    ("edge", "sign-in"), ("supervisor", "spawn"),
}  # fmt: skip
_DEAD_SECONDS = 10
_MATRIX = [
    pytest.param(
        process, scene, id=f"{process}-{scene}",
        marks=() if (process, scene) in _SAMPLE else pytest.mark.long,
    )
    for process in PROCESSES
    for scene in SCENES
]  # fmt: skip


def kill(installation: TestInstallation, process: str) -> None:
    """Kill a process; what starts the supervisor again is `twinhub up`, or a systemd unit."""
    if process == "supervisor":
        supervisor = int((installation.home / "state" / "supervisord.pid").read_text())
        os.kill(supervisor, signal.SIGKILL)
        done = installation.run("up")
        assert done.returncode == 0, done.stdout + done.stderr
        return
    before = installation.pids()[process]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: installation.pids()[process] != before, seconds=_DEAD_SECONDS, what="its end")


@pytest.mark.parametrize(("process", "scene"), _MATRIX)
def test_a_killed_process_costs_nobody_anything(
    installation: TestInstallation, process: str, scene: str
) -> None:
    SCENES[scene](installation, partial(kill, installation, process))


def test_every_process_is_in_the_matrix(installation: TestInstallation) -> None:
    assert set(installation.pids()) | {"supervisor"} == set(PROCESSES)
