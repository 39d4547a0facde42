"""The runner of an installation in process mode, from outside and from the workspace."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.sandbox.runs import find_runs

from tests.fixtures.runs import SECONDS, Runs
from tests.fixtures.waiting import wait_for
from tests.integration.process_mode.conftest import USER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.hub_client import HubClient
    from tests.fixtures.installation import TestInstallation
    from tests.integration.process_mode.shell import Shell

pytestmark = pytest.mark.slow

_TWIN = """\
format: 1
name: tank
phases:
  execute: {script: "python -c 'import numpy; print(numpy.__name__)'; pwd; ls /workspace\\n"}
  live:
    script: "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done\\n"
    live: true
"""
_GREEDY = """\
format: 1
name: greedy
resources: {memory: 128M}
phases:
  memory: {script: "python -c 'import time; held = b\\"x\\" * (400 << 20); time.sleep(60)'\n"}
  processes:
    script: |
      python - <<'END'
      import os, signal
      made = []
      try:
          while len(made) < 4000:
              made.append(os.fork())
              if not made[-1]:
                  signal.pause()
      except OSError as error:
          print("refused", len(made), error, flush=True)
      for process in made:
          os.kill(process, signal.SIGKILL)
      END
  folders: {script: "for at in / /dev; do touch $at/x || :; done; unshare -Ur true || :\n"}
"""


@pytest.fixture
def runs(person: HubClient, process_installation: TestInstallation) -> Runs:
    """The runner as the user sees it, once it is ready, with a twin in the user's area."""
    health = f"{process_installation.address}/services/runner/health"
    wait_for(lambda: person.get(health).is_success, seconds=SECONDS, what="a runner")
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


def test_a_run_outlives_the_runner_and_ends_when_it_is_told(
    runs: Runs, process_installation: TestInstallation, person: HubClient
) -> None:
    run = runs.submit("tank", "live")
    assert runs.wait(run, "running")["status"] == "running"
    pid = process_installation.pids()["runner"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: process_installation.pids()["runner"] != pid, seconds=SECONDS, what="its end")
    health = f"{process_installation.address}/services/runner/health"
    wait_for(lambda: person.get(health).is_success, seconds=SECONDS, what="a runner")
    assert runs.get(run)["status"] == "running"
    runs.aim(run, "stop")
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


def test_no_run_has_more_memory_or_processes_than_it_may(
    runs: Runs, process_installation: TestInstallation
) -> None:
    folder = process_installation.folder(USER) / "digital_twins"
    _write(folder / "greedy" / "twin.yaml", _GREEDY)
    ended = runs.wait(runs.submit("greedy", "memory"))
    assert ended["status"] == "failed"
    assert "the 128M that it has: raise resources.memory" in ended["reason"]
    bomb = runs.submit("greedy", "processes")
    assert runs.wait(bomb)["status"] == "succeeded"
    assert [line.split()[0] for line in runs.lines(bomb)] == ["refused"]
    said = runs.submit("greedy", "folders")
    runs.wait(said)
    refused = ("Read-only file system", "Read-only file system", "No space left on device")
    lines = runs.lines(said)
    assert all(why in line for why, line in zip(refused, lines, strict=True)), lines


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
    wait_for(lambda: person.get(health).is_success, seconds=SECONDS, what="a runner")
    ended = runs.wait(run)
    assert ended["status"] == "lost"
    assert ended["reason"].startswith("It was ended from outside")
    assert runs.lines(run)[-1] == "bye"
