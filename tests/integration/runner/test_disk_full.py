"""The disk of everything, database and runs, is full: nothing is lost, and it goes on by itself."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.fixtures.requirements import need_root
from tests.fixtures.runner import run_runner
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.runner import RunningRunner

pytestmark = [pytest.mark.slow, pytest.mark.d4(38), pytest.mark.d4(66)]

SECONDS = 60
_LONG_ENOUGH = 3.0
"""For a phase to end, and a runner to look."""
_FINAL = {"succeeded", "failed", "stopped", "lost"}
_TWIN = """\
format: 1
name: filler
phases:
  execute:
    script: |
      echo filling
      head -c 200000000 /dev/zero >big || echo full
      while [ -e big ]; do sleep 0.05; done
      echo there is room
  ends: {script: "head -c 200000000 /dev/zero >big || exit 3\\n"}
  short: {script: "echo hello\\n"}
"""


@pytest.fixture(name="small")
def _small(tmp_path: Path) -> Iterator[Path]:
    need_root("a disk of its own, to fill")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(small)], check=True)
    yield small
    subprocess.run(["umount", "--lazy", str(small)], check=True)


@pytest.fixture(name="running")
def _running(small: Path) -> Iterator[RunningRunner]:
    for name in ("filler", "other"):
        folder = small / "assets" / "carol" / "digital_twins" / name
        folder.mkdir(parents=True)
        (folder / "twin.yaml").write_text(_TWIN)
    with run_runner(small / "assets", small / "state") as running:
        yield running


@pytest.fixture(name="carol")
def _carol(running: RunningRunner) -> Iterator[httpx.Client]:
    headers = {"Authorization": "token token-of-carol"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def submit(client: httpx.Client, twin: str, phase: str) -> httpx.Response:
    """Ask for a phase."""
    return client.post("/api/runs", json={"twin": twin, "phases": [phase]})


def test_a_full_disk_refuses_in_words_and_what_runs_ends_as_it_did(
    carol: httpx.Client, running: RunningRunner
) -> None:
    run = str(submit(carol, "filler", "execute").json()["runs"][0]["id"])
    wait_for(lambda: _is_full(running), seconds=SECONDS, what="a full disk")
    refused = submit(carol, "other", "short")
    assert refused.status_code == 503, refused.text
    assert "disk may be full" in refused.json()["detail"]
    assert carol.get(f"/api/runs/{run}").json()["status"] in {"starting", "running"}
    assert carol.post(f"/api/runs/{run}/stop").status_code == 503

    for big in (running.root / ".runs" / "copies").rglob("big"):
        big.unlink()
    wait_for(
        lambda: carol.get(f"/api/runs/{run}").json()["status"] in _FINAL,
        seconds=SECONDS, what="its end",
    )  # fmt: skip
    assert carol.get(f"/api/runs/{run}").json()["status"] == "succeeded"
    events = carol.get(f"/api/runs/{run}/events").json()["items"]
    assert sum(one["after"] in _FINAL for one in events) == 1
    assert "there is room" in carol.get(f"/api/runs/{run}/log").text
    again = submit(carol, "other", "short").raise_for_status().json()["runs"][0]["id"]
    wait_for(
        lambda: carol.get(f"/api/runs/{again}").json()["status"] == "succeeded",
        seconds=SECONDS, what="the next one",
    )  # fmt: skip


def test_what_ends_on_a_full_disk_has_ended_as_it_did_when_there_is_room(
    carol: httpx.Client, running: RunningRunner
) -> None:
    run = str(submit(carol, "filler", "ends").json()["runs"][0]["id"])
    wait_for(lambda: _is_full(running), seconds=SECONDS, what="a full disk")
    looked = time.monotonic()
    wait_for(lambda: time.monotonic() - looked > _LONG_ENOUGH, seconds=SECONDS, what="its end")
    assert carol.get(f"/api/runs/{run}").json()["status"] in {"starting", "running"}
    for big in (running.root / ".runs" / "copies").rglob("big"):
        big.unlink()
    wait_for(
        lambda: carol.get(f"/api/runs/{run}").json()["status"] in _FINAL,
        seconds=SECONDS, what="its end",
    )  # fmt: skip
    ended = carol.get(f"/api/runs/{run}").json()
    assert (ended["status"], ended["exit_code"]) == ("failed", 3), ended


def _is_full(running: RunningRunner) -> bool:
    try:
        (running.state / "probe").write_bytes(b"x" * 8192)
    except OSError:
        return True
    (running.state / "probe").unlink()
    return False
