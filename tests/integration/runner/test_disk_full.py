"""The disk of everything, database and runs, is full: nothing is lost, and it goes on by itself."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.fixtures.requirements import need_root
from tests.fixtures.runner import run_runner
from tests.fixtures.waiting import Deadline, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.runner import RunningRunner

pytestmark = [pytest.mark.slow, pytest.mark.d4(38), pytest.mark.d4(66)]

SECONDS = 60
_LONG_ENOUGH = 3.0
"""For a runner to look, and an agent to try again."""
_BYTES = "200000000"
_FINAL = {"succeeded", "failed", "stopped", "lost"}
_TWIN = f"""\
format: 1
name: filler
phases:
  execute:
    script: |
      echo filling
      head -c {_BYTES} /dev/zero >big || echo full
      while [ -e big ]; do sleep 0.05; done
      echo there is room
  ends: {{script: "head -c {_BYTES} /dev/zero >big || exit 3\\n"}}
  short: {{script: "echo hello\\n"}}
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

    assert _end_with_room(carol, running, run)["status"] == "succeeded"
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
    wait_for(lambda: not _is_filled(), seconds=SECONDS, what="the end of its process")
    since = Deadline(SECONDS)
    while since.elapsed_seconds < _LONG_ENOUGH:
        assert carol.get(f"/api/runs/{run}").json()["status"] in {"starting", "running"}
    ended = _end_with_room(carol, running, run)
    assert (ended["status"], ended["exit_code"]) == ("failed", 3), ended


def _end_with_room(client: httpx.Client, running: RunningRunner, run: str) -> dict[str, Any]:
    """Give the disk room; return a run as it has ended."""
    for big in (running.root / ".runs" / "copies").rglob("big"):
        big.unlink()

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = client.get(f"/api/runs/{run}").json()
        return found if found["status"] in _FINAL else None

    return wait_for(ended, seconds=SECONDS, what="its end")


def _is_filled() -> bool:
    """Return whether a run still writes."""
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if f"\0{_BYTES}\0".encode() in one.read_bytes():
                return True
    return False


def _is_full(running: RunningRunner) -> bool:
    try:
        (running.state / "probe").write_bytes(b"x" * 8192)
    except OSError:
        return True
    (running.state / "probe").unlink()
    return False
