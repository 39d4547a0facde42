"""What every back end has to do, whatever it makes its sandboxes of."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_runner.agents import find_agent, prepare
from twinhub_runner.backends.base import Mount, SandboxSpec, SandboxState, Seen
from twinhub_runner.backends.process import ProcessBackend

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_runner.backends.base import Backend

pytestmark = pytest.mark.heavy  # real sandboxes

SECONDS = 30


class Bench:
    """A back end, and sandboxes that run one command."""

    def __init__(self, runs: Path, backend: Backend) -> None:
        self.runs, self.backend = runs, backend

    def make(self, name: str, script: str) -> SandboxSpec:
        """Return a sandbox that is to run a script for the shell in ``/workspace``."""
        inside, outside, work = (self.runs / name / one for one in ("in", "out", "work"))
        work.mkdir(parents=True, exist_ok=True)
        process: dict[str, Any] = {
            "command": ["sh", "-c", script], "folder": "/workspace", "variables": {}, "after": [],
            "ready": {}, "restart": "never", "essential": True,
            "stop": {"signal": "SIGTERM", "command": None, "grace": 5},
        }  # fmt: skip
        plan = {
            "time_limit": None, "live": False, "keeps_children": True,
            "log": {"segment": 1 << 20, "head": 2, "tail": 3}, "processes": {"main": process},
        }  # fmt: skip
        prepare(inside, outside, plan)
        mounts = (Mount(work, "/workspace", writable=True),)
        return SandboxSpec(name, inside, outside, mounts, {"PATH": os.environ["PATH"]})

    def start(self, name: str, script: str) -> SandboxSpec:
        """Start a sandbox that runs a script."""
        spec = self.make(name, script)
        self.backend.start(spec)
        return spec

    def wait_for(self, name: str, state: SandboxState) -> Seen:
        """Return a sandbox when it is in a state."""

        def find() -> Seen | None:
            seen = self.backend.look(name)
            return seen if seen.state is state else None

        return wait_for(find, seconds=SECONDS, what=f"{name} is {state}")


@pytest.fixture(name="bench", params=["process"])
def _bench(tmp_path: Path) -> Iterator[Bench]:
    backend = ProcessBackend(tmp_path / "runs")
    backend.runs.mkdir()
    yield Bench(tmp_path / "runs", backend)
    for folder in (tmp_path / "runs").iterdir():
        backend.remove(folder.name)


def test_what_nobody_started_is_absent_and_may_be_ended(bench: Bench) -> None:
    assert bench.backend.look("nothing").state is SandboxState.ABSENT
    bench.backend.stop("nothing")
    bench.backend.kill("nothing")
    bench.backend.remove("nothing")
    assert bench.backend.list_names() == frozenset()


def test_status_of_what_has_ended_is_told(bench: Bench) -> None:
    bench.start("one", "echo hello > made; exit 3")
    assert bench.wait_for("one", SandboxState.ENDED) == Seen(SandboxState.ENDED, 3, "ended")
    assert (bench.runs / "one/work/made").read_text() == "hello\n"


def test_what_was_started_is_not_started_again(bench: Bench) -> None:
    spec = bench.start("one", "echo x >> made; until [ -e stop ]; do sleep 0.05; done")
    wait_for((bench.runs / "one/work/made").exists, seconds=SECONDS, what="it runs")
    bench.backend.start(spec)
    assert bench.backend.look("one").state is SandboxState.RUNNING
    (bench.runs / "one/work/stop").touch()
    bench.wait_for("one", SandboxState.ENDED)
    bench.backend.start(spec)

    assert bench.backend.look("one") == Seen(SandboxState.ENDED, 0, "ended")
    assert (bench.runs / "one/work/made").read_text() == "x\n"


def test_stop_lets_the_phase_end_as_it_wishes(bench: Bench) -> None:
    script = "trap 'echo bye > made; exit 0' TERM; touch up; while :; do sleep 0.05; done"
    bench.start("one", script)
    wait_for((bench.runs / "one/work/up").exists, seconds=SECONDS, what="it runs")
    bench.backend.stop("one")

    assert bench.wait_for("one", SandboxState.ENDED) == Seen(SandboxState.ENDED, 143, "stopped")
    assert (bench.runs / "one/work/made").exists()


def test_what_was_killed_has_vanished_with_all_in_it(bench: Bench) -> None:
    bench.start("one", "setsid sh -c 'trap \"\" TERM; while :; do date +%N > beat; done' & wait")
    wait_for((bench.runs / "one/work/beat").exists, seconds=SECONDS, what="it runs")
    bench.backend.kill("one")

    assert bench.wait_for("one", SandboxState.VANISHED).status is None
    bench.backend.remove("one")
    beat = (bench.runs / "one/work/beat").stat().st_mtime_ns
    assert (bench.runs / "one/work/beat").stat().st_mtime_ns == beat
    assert bench.backend.list_names() == frozenset()


def test_sandbox_outlives_who_started_it_and_is_found_again(bench: Bench, tmp_path: Path) -> None:
    spec = bench.make("one", "touch up; until [ -e stop ]; do sleep 0.05; done; exit 9")
    child = os.fork()
    if child == 0:
        try:
            bench.backend.start(spec)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)

    assert bench.backend.list_names() == {"one"}
    assert ProcessBackend(tmp_path / "runs").look("one").state is SandboxState.RUNNING
    (bench.runs / "one/work/stop").touch()
    assert bench.wait_for("one", SandboxState.ENDED).status == 9


def test_result_that_is_no_result_is_not_believed(bench: Bench) -> None:
    for number, bad in enumerate(("", "[]", "{}", '{"status":"x","reason":1}', "[" * 60_000)):
        outside = bench.runs / f"bad{number}/out"
        outside.mkdir(parents=True)
        (outside / "begun").touch()
        (outside / "result.json").write_text(bad)
        assert bench.backend.look(f"bad{number}").state is SandboxState.VANISHED
    (bench.runs / "bad0/out/result.json").unlink()
    (bench.runs / "bad0/out/result.json").symlink_to("/etc/hostname")
    os.mkfifo(bench.runs / "bad1/out/lock")
    assert bench.backend.look("bad0").state is SandboxState.VANISHED
    assert find_agent(bench.runs / "bad1/out") is None
