"""What every back end has to do, whatever it makes its sandboxes of."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from twinhub_hub.broker.policy import Policy
from twinhub_hub.broker.run_policy import RunPolicy
from twinhub_runner.agents import find_agent, prepare
from twinhub_runner.backends.base import Mount, SandboxSpec, SandboxState, Seen
from twinhub_runner.backends.docker import DockerBackend
from twinhub_runner.backends.process import ProcessBackend
from twinhub_runner.identifiers import make_run_id

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from twinhub_runner.backends.base import Backend

SECONDS = 30
ONE = f"{make_run_id()}-1"
ENGINE = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
IMAGE = "twinhub/run:0.1.0"
UID = os.getuid() or 1000
MEMORY = 256 << 20


class Bench:
    """A back end, and sandboxes that run one command."""

    def __init__(self, root: Path, make_backend: Callable[[Path], Backend]) -> None:
        self.runs, self.work = root / ".runs", root / "alice"
        for folder in (self.runs, self.work):
            folder.mkdir(parents=True)
        if os.geteuid() == 0:
            os.chown(self.work, UID, UID)
        self._make_backend = make_backend
        self._backends: list[Backend] = []
        self.backend = self.another_backend()

    def another_backend(self) -> Backend:
        """Return one that knows nothing of what the first one has done."""
        self._backends.append(self._make_backend(self.runs))
        return self._backends[-1]

    def close(self) -> None:
        """Leave no sandbox behind."""
        for name in {*self.backend.list_names(), *(one.name for one in self.runs.iterdir())}:
            self.backend.remove(name)
        for backend in self._backends:
            backend.close()

    def make(self, name: str, script: str) -> SandboxSpec:
        """Return a sandbox that is to run a script for the shell in ``/workspace``."""
        inside, outside = (self.runs / name / one for one in ("in", "out"))
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
        mounts = (Mount(self.work, "/workspace", writable=True),)
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


@contextlib.contextmanager
def broker_for(root: Path, prefix: str) -> Iterator[str]:
    """The address of a broker that makes runs of an assets root."""
    runs = RunPolicy(
        prefix=prefix, networks=("none",), images=(IMAGE,), uid=UID, assets=str(root),
        memory=MEMORY, cpus=1.0, processes=4096,
    )  # fmt: skip
    workspaces = Policy(
        prefix=prefix, networks=(), images=(), uid=UID, assets=str(root), home="/home/twin",
        workspace="/workspace", memory=0, cpus=0, processes=0, shared_memory=0,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="broker-") as folder:  # pytest's is long for a socket
        environment = {
            "TWINHUB_BROKER_ENGINE": ENGINE.replace("unix://", "http+unix://"),
            "TWINHUB_BROKER_POLICY": workspaces.as_json(),
            "TWINHUB_BROKER_SOCKET": f"{folder}/hub.sock",
            "TWINHUB_BROKER_RUNS": runs.as_json(),
            "TWINHUB_BROKER_RUNS_SOCKET": f"{folder}/runs.sock",
        }
        command = [sys.executable, "-m", "twinhub_hub.broker"]
        with subprocess.Popen(command, env={**os.environ, **environment}) as broker:
            wait_for(
                lambda: _answers(f"{folder}/runs.sock"), seconds=SECONDS, what="the broker listens"
            )
            yield f"unix://{folder}/runs.sock"
            broker.terminate()


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


@pytest.fixture(
    name="bench",
    params=[
        "process",
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("broker", marks=pytest.mark.docker),
    ],
)
def _bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    prefix, root = f"twinhub-{uuid4().hex[:12]}", tmp_path / "assets"
    with contextlib.ExitStack() as opened:
        address = ENGINE
        if request.param == "broker":
            address = opened.enter_context(broker_for(root, prefix))

        def on_docker(runs: Path) -> Backend:
            return DockerBackend(address, runs, prefix, IMAGE, UID, "none", memory_bytes=MEMORY)

        bench = Bench(root, ProcessBackend if request.param == "process" else on_docker)
        yield bench
        bench.close()


def test_what_nobody_started_is_absent_and_may_be_ended(bench: Bench) -> None:
    assert bench.backend.look(f"{make_run_id()}-1").state is SandboxState.ABSENT
    bench.backend.stop(f"{make_run_id()}-1")
    bench.backend.kill(f"{make_run_id()}-1")
    bench.backend.remove(f"{make_run_id()}-1")
    assert bench.backend.list_names() == frozenset()


def test_status_of_what_has_ended_is_told(bench: Bench) -> None:
    bench.start(ONE, "echo hello > made; exit 3")
    assert bench.wait_for(ONE, SandboxState.ENDED) == Seen(SandboxState.ENDED, 3, "ended")
    assert (bench.work / "made").read_text() == "hello\n"


def test_what_was_started_is_not_started_again(bench: Bench) -> None:
    spec = bench.start(ONE, "echo x >> made; until [ -e stop ]; do sleep 0.05; done")
    wait_for((bench.work / "made").exists, seconds=SECONDS, what="it runs")
    bench.backend.start(spec)
    assert bench.backend.look(ONE).state is SandboxState.RUNNING
    (bench.work / "stop").touch()
    bench.wait_for(ONE, SandboxState.ENDED)
    bench.backend.start(spec)

    assert bench.backend.look(ONE) == Seen(SandboxState.ENDED, 0, "ended")
    assert (bench.work / "made").read_text() == "x\n"


def test_stop_lets_the_phase_end_as_it_wishes(bench: Bench) -> None:
    script = "trap 'echo bye > made; exit 0' TERM; touch up; while :; do sleep 0.05; done"
    bench.start(ONE, script)
    wait_for((bench.work / "up").exists, seconds=SECONDS, what="it runs")
    bench.backend.stop(ONE)

    assert bench.wait_for(ONE, SandboxState.ENDED) == Seen(SandboxState.ENDED, 143, "stopped")
    assert (bench.work / "made").exists()


def test_what_was_killed_has_vanished_with_all_in_it(bench: Bench) -> None:
    bench.start(ONE, "setsid sh -c 'trap \"\" TERM; while :; do date +%N > beat; done' & wait")
    wait_for((bench.work / "beat").exists, seconds=SECONDS, what="it runs")
    bench.backend.kill(ONE)

    assert bench.wait_for(ONE, SandboxState.VANISHED).status is None
    bench.backend.remove(ONE)
    beat = (bench.work / "beat").stat().st_mtime_ns
    assert (bench.work / "beat").stat().st_mtime_ns == beat
    assert bench.backend.list_names() == frozenset()


def test_sandbox_outlives_who_started_it_and_is_found_again(bench: Bench) -> None:
    spec = bench.make(ONE, "touch up; until [ -e stop ]; do sleep 0.05; done; exit 9")
    child = os.fork()
    if child == 0:
        try:
            bench.backend.start(spec)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)

    assert bench.backend.list_names() == {ONE}
    assert bench.another_backend().look(ONE).state is SandboxState.RUNNING
    (bench.work / "stop").touch()
    assert bench.wait_for(ONE, SandboxState.ENDED).status == 9


def test_result_that_is_no_result_is_not_believed(bench: Bench) -> None:
    outsides = []
    for bad in ("", "[]", "{}", '{"status":"x","reason":1}', "[" * 60_000):
        name = f"{make_run_id()}-1"
        outsides.append(bench.runs / name / "out")
        outsides[-1].mkdir(parents=True)
        (outsides[-1] / "begun").touch()
        (outsides[-1] / "result.json").write_text(bad)
        assert bench.backend.look(name).state is SandboxState.VANISHED
    (outsides[0] / "result.json").unlink()
    (outsides[0] / "result.json").symlink_to("/etc/hostname")
    os.mkfifo(outsides[1] / "lock")
    assert bench.backend.look(outsides[0].parent.name).state is SandboxState.VANISHED
    assert find_agent(outsides[1]) is None
