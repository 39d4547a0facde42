"""Each process killed at each moment; `make test` does some, `make test-long` all."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.operate.programs import find_program

from tests.fixtures.certificates import Authority
from tests.fixtures.installation import require_engine, running_installation
from tests.fixtures.requirements import missing, need_root
from tests.fixtures.waiting import wait_for
from tests.integration.kills.scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.installation import TestInstallation

pytestmark = [pytest.mark.docker, pytest.mark.slow]

EVERYWHERE = ("hub", "proxy", "edge", "broker", "culler", "library", "runner", "supervisor")
SOMETIMES = ("certificates", "egress")
"""Run where the settings ask for them."""
_SAMPLE = {
    ("hub", "spawn"), ("hub", "stop"), ("hub", "idle"), ("broker", "spawn"), ("proxy", "idle"),
    ("edge", "sign-in"), ("supervisor", "spawn"), ("library", "spawn"),
    ("runner", "spawn"),
}  # fmt: skip
_DEAD_SECONDS = 10
_MATRIX = [
    pytest.param(
        process, scene, id=f"{process}-{scene}",
        marks=() if (process, scene) in _SAMPLE else pytest.mark.long,
    )
    for process in EVERYWHERE
    for scene in SCENES
]  # fmt: skip


_SETTINGS = """site:
{tls}    http_port: null
workspace:
  egress: listed
  egress_hosts: [.example.org]
"""


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestInstallation]:
    """An installation with every process that there is; all reach listed hosts only."""
    require_engine()
    need_root("walls are put up by root")
    if find_program("squid") is None:
        missing("squid", "apt-get install squid")
    authority = Authority(tmp_path_factory.mktemp("tls"))
    authority.give()
    settings = _SETTINGS.format(tls=authority.settings)
    with running_installation(settings=settings, authority=authority.certificate) as running:
        yield running


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
    assert set(installation.pids()) | {"supervisor"} == set(EVERYWHERE)


@pytest.mark.long
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("process", SOMETIMES)
def test_a_killed_process_of_some_installations_costs_nobody_anything(
    complete: TestInstallation, process: str, scene: str
) -> None:
    SCENES[scene](complete, partial(kill, complete, process))


@pytest.mark.long
def test_every_process_of_a_complete_installation_is_in_the_matrix(
    complete: TestInstallation,
) -> None:
    assert set(complete.pids()) | {"supervisor"} == {*EVERYWHERE, *SOMETIMES}
