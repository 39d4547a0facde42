"""The runner is killed while it has runs in Docker: nothing is lost, and nothing runs twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from twinhub_api.runner.runs import Status, Submission
from twinhub_kit.callers import Caller
from twinhub_runner.backends.docker import DockerBackend
from twinhub_runner.runner import open_runner
from twinhub_runner.settings import RunnerSettings

from tests.fixtures.engine import ENGINE, IMAGE, UID
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from twinhub_runner.runner import Runner

pytestmark = [pytest.mark.docker, pytest.mark.slow]

SECONDS = 60
ALICE = Caller("alice")
SCRIPT = """\
#!/bin/sh
echo $$ >> started
while [ -e held ]; do sleep 0.05; done
sleep 0.5
echo $$ >> ended
"""


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    root = tmp_path / "assets"
    for number in range(3):
        folder = root / f"alice/digital_twins/tank{number}"
        (folder / "lifecycle").mkdir(parents=True)
        (folder / "lifecycle/execute").write_text(SCRIPT)
        (folder / "lifecycle/execute").chmod(0o755)
        os.chown(folder, UID, UID)
    return root


class Killed:
    """A runner whose process is killed; what is asked and seen goes by its database."""

    def __init__(self, root: Path, runner: Runner, backend: DockerBackend) -> None:
        self.root, self.runner, self.backend = root, runner, backend

    @contextmanager
    def process(self) -> Iterator[None]:
        """A process that moves the runs, killed at the end."""
        settings, backend = self.runner.settings, self.backend
        words = (settings.root, settings.state, backend.base_url, backend.prefix)
        command = [sys.executable, "-m", "tests.integration.runner.killed_runner", *map(str, words)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
            yield
            process.kill()

    def submit(self, number: int) -> str:
        """Ask for a run of one of the twins, which works in place."""
        asked = Submission(twin=f"tank{number}", phases=("execute",))
        return self.runner.submit(ALICE, asked)[0].id

    def status(self, run: str) -> Status:
        """Return how a run is."""
        row = self.runner.table.find(run)
        assert row is not None
        return Status(row.status)

    def have_ended(self, runs: Sequence[str]) -> bool:
        """Return whether all of some runs have ended."""
        return all(self.status(run).is_final for run in runs)

    def events(self, runs: Sequence[str]) -> int:
        """Return how much has happened to some runs."""
        return sum(len(self.runner.table.events(run, after=0, limit=1000)) for run in runs)

    def lines(self, number: int, name: str) -> int:
        """Return how many lines a twin has written."""
        path = self.root / f"alice/digital_twins/tank{number}/{name}"
        return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.fixture(name="killed")
def _killed(root: Path, tmp_path: Path) -> Iterator[Killed]:
    settings = RunnerSettings(root, tmp_path / "state")
    backend = DockerBackend(
        ENGINE, settings.runs, f"twinhub-{uuid4().hex[:12]}", IMAGE, UID, "none"
    )
    with open_runner(settings, backend) as runner:
        yield Killed(root, runner, backend)
        for name in backend.list_names():
            backend.remove(name)


@pytest.mark.d4(39)
def test_work_goes_on_while_there_is_no_runner_and_is_found_again(killed: Killed) -> None:
    held = killed.root / "alice/digital_twins/tank0/held"
    held.touch()
    run = killed.submit(0)
    with killed.process():
        wait_for(lambda: killed.lines(0, "started") == 1, seconds=SECONDS, what="it runs")
        wait_for(lambda: killed.status(run) == Status.RUNNING, seconds=SECONDS, what="it is told")
    assert killed.backend.list_names() == {f"{run}-1"}
    held.unlink()
    with killed.process():
        wait_for(lambda: killed.status(run).is_final, seconds=SECONDS, what="its end")
        wait_for(lambda: not killed.backend.list_names(), seconds=SECONDS, what="nothing is left")
    assert killed.status(run) is Status.SUCCEEDED
    assert killed.lines(0, "started") == 1


@pytest.mark.parametrize(("kills", "each"), [(4, 2), pytest.param(200, 60, marks=pytest.mark.long)])
def test_every_run_ends_once_however_often_the_runner_is_killed(
    killed: Killed, kills: int, each: int
) -> None:
    dice = random.Random(7)  # noqa: S311 - when to kill is no secret
    runs = [killed.submit(number % 3) for number in range(3 * each)]
    for _ in range(kills):
        wanted = killed.events(runs) + dice.randrange(1, 6)
        with killed.process():
            wait_for(
                lambda: killed.events(runs) >= wanted or killed.have_ended(runs),  # noqa: B023
                seconds=SECONDS, what="something has happened",
            )  # fmt: skip
    with killed.process():
        wait_for(lambda: killed.have_ended(runs), seconds=SECONDS, what="all have ended")
        wait_for(lambda: not killed.backend.list_names(), seconds=SECONDS, what="nothing is left")
    assert {killed.status(run) for run in runs} == {Status.SUCCEEDED}
    assert [killed.lines(number, "started") for number in range(3)] == [each] * 3
    assert [killed.lines(number, "ended") for number in range(3)] == [each] * 3
