"""The runner of an installation in process mode, from outside and from the workspace."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_hub.sandbox.runs import find_runs

from tests.fixtures.waiting import wait_for
from tests.integration.process_mode.conftest import USER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.hub_client import HubClient
    from tests.fixtures.installation import TestInstallation
    from tests.integration.process_mode.shell import Shell

pytestmark = pytest.mark.slow

_SECONDS = 60
_FINAL = {"succeeded", "failed", "stopped", "lost"}
_TWIN = """\
format: 1
name: tank
phases:
  execute: {script: "python -c 'import numpy; print(numpy.__name__)'; pwd; ls /workspace\\n"}
  live:
    script: "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done\\n"
    live: true
"""
_SOFTWARE = """\
format: 1
name: software
environment: {packages: [numpy], system: [coreutils]}
phases:
  execute:
    script: |
      command -v python
      sudo apt-get install -y coreutils
      sudo apt-get install -y no-such-package || echo "status $?"
"""


class Runs:
    """What a user asks of the runner at the edge."""

    def __init__(self, person: HubClient, there: TestInstallation) -> None:
        self._person, self.address = person, f"{there.address}/services/runner/api/runs"

    def submit(self, twin: str, *phases: str) -> str:
        """Ask for phases; return the id of the first run."""
        content = json.dumps({"twin": twin, **({"phases": phases} if phases else {})}).encode()
        headers = {**self._person.bearer(), "Content-Type": "application/json"}
        answer = self._person.post(self.address, content=content, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["runs"][0]["id"])

    def get(self, run: str) -> dict[str, Any]:
        """Return a run."""
        answer = self._person.get(f"{self.address}/{run}", headers=self._person.bearer())
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def chain(self, run: str) -> list[str]:
        """Return the runs that were asked for together with one, in their order."""
        chain = self.get(run)["chain"]
        answer = self._person.get(self.address, headers=self._person.bearer())
        items = answer.raise_for_status().json()["items"]
        return [one["id"] for one in reversed(items) if one["chain"] == chain]

    def wait(self, run: str, *statuses: str) -> dict[str, Any]:
        """Return a run when it has one of some statuses, or has ended."""

        def find() -> dict[str, Any] | None:
            found = self.get(run)
            return found if found["status"] in {*statuses, *_FINAL} else None

        return wait_for(find, seconds=_SECONDS, what=f"{run} is {statuses}")

    def lines(self, run: str) -> list[str]:
        """Return what the one process of a run has printed."""
        answer = self._person.get(f"{self.address}/{run}/log", headers=self._person.bearer())
        rows = [line.split("\t", 3) for line in answer.text.splitlines()]
        return [row[3] for row in rows if row[1] == "main"]


@pytest.fixture
def runs(person: HubClient, process_installation: TestInstallation) -> Runs:
    """The runner as the user sees it, once it is ready, with a twin in the user's area."""
    health = f"{process_installation.address}/services/runner/health"
    wait_for(lambda: person.get(health).is_success, seconds=_SECONDS, what="a runner")
    _write(process_installation.folder(USER) / "digital_twins" / "tank" / "twin.yaml", _TWIN)
    return Runs(person, process_installation)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    if os.geteuid() == 0:
        for path in (file, file.parent, file.parent.parent, file.parent.parent.parent):
            os.chown(path, 1000, 1000)


def test_a_twin_runs_with_the_packages_of_workspaces(
    runs: Runs, process_installation: TestInstallation
) -> None:
    ended = runs.wait(runs.submit("tank"))
    lines = runs.lines(ended["id"])
    assert ended["status"] == "succeeded", (ended, lines)
    assert lines[:2] == ["numpy", "/workspace/digital_twins/tank"]
    assert find_runs(process_installation.home / "environments") == []


def test_a_twin_has_its_software_made_once_and_apt_is_stood_in_for(
    runs: Runs, process_installation: TestInstallation
) -> None:
    _write(process_installation.folder(USER) / "digital_twins/software/twin.yaml", _SOFTWARE)
    for _ in range(2):
        ended = runs.wait(runs.submit("software"))
        lines = runs.lines(ended["id"])
        assert ended["status"] == "succeeded", (ended, lines)
        assert lines[:2] == ["/opt/twin/bin/python", "coreutils is there"]
        assert lines[-2:] == ["environment: {system: [no-such-package]}", "status 100"]
    assert len(list((process_installation.home / "assets/.runs/environments").iterdir())) == 1


def test_the_sample_twin_runs_through_its_phases(runs: Runs) -> None:
    run = runs.submit("common/digital_twins/heated-tank", "create", "execute", "analyse")
    for one in runs.chain(run):
        ended = runs.wait(one)
        assert ended["status"] == "succeeded", (ended, runs.lines(one))


def test_a_run_outlives_the_runner_and_ends_when_it_is_told(
    runs: Runs, process_installation: TestInstallation, person: HubClient
) -> None:
    run = runs.submit("tank", "live")
    assert runs.wait(run, "running")["status"] == "running"
    pid = process_installation.pids()["runner"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: process_installation.pids()["runner"] != pid, seconds=_SECONDS, what="its end")
    health = f"{process_installation.address}/services/runner/health"
    wait_for(lambda: person.get(health).is_success, seconds=_SECONDS, what="a runner")
    assert runs.get(run)["status"] == "running"
    person.post(f"{runs.address}/{run}/stop", content=b"", headers=person.bearer())
    ended = runs.wait(run)
    lines = runs.lines(run)  # the shell tells of what it had started, too
    assert (ended["status"], lines[0], lines[-1]) == ("stopped", "up", "bye")


async def test_a_workspace_finds_the_runner_and_its_token_is_let_in(
    runs: Runs, shell: Shell
) -> None:
    run = runs.submit("tank")
    said = await shell.output(
        'curl -s -H "Authorization: token $JUPYTERHUB_API_TOKEN" "$TWINHUB_RUNNER_URL/api/runs"'
    )
    assert run in {one["id"] for one in json.loads(said)["items"]}


def test_runs_end_with_the_installation(
    runs: Runs, process_installation: TestInstallation, person: HubClient
) -> None:
    run = runs.submit("tank", "live")
    runs.wait(run, "running")
    done = process_installation.run("down")
    assert "runs: 1 stopped" in done.stdout, done.stdout + done.stderr
    assert find_runs(process_installation.home / "environments") == []
    assert process_installation.run("up", "--engine=process").returncode == 0
    health = f"{process_installation.address}/services/runner/health"
    wait_for(lambda: person.get(health).is_success, seconds=_SECONDS, what="a runner")
    ended = runs.wait(run)
    assert ended["status"] == "lost"
    assert ended["reason"].startswith("It was ended from outside")
    assert runs.lines(run)[-1] == "bye"
