"""Runs on back ends that fail: the status is what a person would expect, with the reason."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient
from twinhub_kit.callers import Caller, TableIdentity
from twinhub_runner.backends.base import Limits, SandboxState, Seen
from twinhub_runner.main import make_runner_application
from twinhub_runner.runner import open_runner
from twinhub_runner.settings import RunnerSettings

from tests.fixtures.faulty_backends import (
    BrokenBackend,
    ConfusedBackend,
    DeafBackend,
    GoodBackend,
    LockedBackend,
    LyingBackend,
    RefusingBackend,
    SlowBackend,
)
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.heavy

SECONDS = 30
TWIN = """\
format: 1
name: tank
resources: {resources}
phases:
  execute: {{script: "echo\\n", live: true}}
"""


class Person:
    """Somebody who runs a twin."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def run(self, twin: str = "tank") -> str:
        """Ask for a run, and return its id."""
        answer = self.client.post("/api/runs", json={"twin": twin})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["runs"][0]["id"])

    def look(self, run: str) -> dict[str, Any]:
        """Return a run as it is."""
        found: dict[str, Any] = self.client.get(f"/api/runs/{run}").json()
        return found

    def ask(self, run: str, what: str) -> None:
        """Ask for something."""
        assert self.client.post(f"/api/runs/{run}/{what}").status_code == 202

    def wait(self, run: str, status: str, reason: str = "") -> dict[str, Any]:
        """Return a run when it has a status and says why."""

        def find() -> dict[str, Any] | None:
            found = self.look(run)
            return found if found["status"] == status and reason in found["reason"] else None

        return wait_for(find, seconds=SECONDS, what=f"{status}: {reason}")


@contextmanager
def at_work(
    folder: Path, backend: GoodBackend, resources: str = "{}", limits: Limits | None = None
) -> Iterator[Person]:
    """Somebody who has a twin, on a runner with a back end."""
    for name in ("tank", "other"):
        twin = folder / "assets/alice/digital_twins" / name
        twin.mkdir(parents=True, exist_ok=True)
        (twin / "twin.yaml").write_text(TWIN.format(resources=resources))
    settings = RunnerSettings(folder / "assets", folder / "state", limits=limits or Limits())
    with open_runner(settings, backend) as runner:
        application = make_runner_application(runner, TableIdentity({"secret": Caller("alice")}))
        with TestClient(application, headers={"Authorization": "token secret"}) as client:
            yield Person(client)


def test_what_is_slow_to_start_is_starting_until_then(tmp_path: Path) -> None:
    backend = SlowBackend()
    with at_work(tmp_path, backend) as alice:
        run = alice.run()
        alice.wait(run, "starting")
        backend.may_go_on.set()
        alice.wait(run, "running")
        alice.ask(run, "stop")
        alice.wait(run, "stopped", "It was stopped.")


def test_what_can_never_start_has_failed_with_the_reason(tmp_path: Path) -> None:
    with at_work(tmp_path, RefusingBackend()) as alice:
        alice.wait(alice.run(), "failed", "there is no image for 1")


def test_what_cannot_start_now_says_why_and_starts_when_it_can(tmp_path: Path) -> None:
    backend = BrokenBackend()
    with at_work(tmp_path, backend) as alice:
        run = alice.run()
        alice.wait(run, "starting", "the engine is ill")
        backend.fault = None
        alice.wait(run, "running")
        assert len(backend.started) == 1
        alice.ask(run, "kill")
        alice.wait(run, "stopped", "It was killed.")


def test_what_cannot_start_now_is_stopped_when_nobody_wants_it_any_more(tmp_path: Path) -> None:
    with at_work(tmp_path, BrokenBackend()) as alice:
        run = alice.run()
        alice.wait(run, "starting", "the engine is ill")
        alice.ask(run, "stop")
        alice.wait(run, "stopped", "It was stopped before it began.")


def test_what_vanishes_while_it_runs_is_lost(tmp_path: Path) -> None:
    backend = GoodBackend()
    with at_work(tmp_path, backend) as alice:
        run = alice.run()
        alice.wait(run, "running")
        backend.end(Seen(SandboxState.VANISHED))
        alice.wait(run, "lost", "nobody knows how it ended")
        assert backend.sandboxes == {}


def test_what_ends_before_it_begins_has_failed_with_what_to_look_at(tmp_path: Path) -> None:
    backend = GoodBackend()
    with at_work(tmp_path, backend) as alice:
        run = alice.run()
        alice.wait(run, "running")
        backend.end(Seen(SandboxState.ENDED, 125, "not-begun"))
        alice.wait(run, "failed", "It could not begin: the disk is full")


def test_what_was_stopped_and_nobody_asked_is_lost_and_not_stopped(tmp_path: Path) -> None:
    backend = GoodBackend()
    with at_work(tmp_path, backend) as alice:
        run = alice.run()
        alice.wait(run, "running")
        backend.end(Seen(SandboxState.ENDED, 143, "stopped"))
        alice.wait(run, "lost", "It was ended from outside")


def test_what_does_not_stop_is_stopping_until_it_is_killed(tmp_path: Path) -> None:
    with at_work(tmp_path, DeafBackend()) as alice:
        run = alice.run()
        alice.wait(run, "running")
        alice.ask(run, "stop")
        alice.wait(run, "stopping")
        alice.ask(run, "kill")
        alice.wait(run, "stopped", "It was killed.")


def test_what_cannot_be_stopped_now_says_why(tmp_path: Path) -> None:
    backend = LockedBackend()
    with at_work(tmp_path, backend) as alice:
        run = alice.run()
        alice.wait(run, "running")
        alice.ask(run, "stop")
        alice.wait(run, "stopping", "the engine is locked")
        backend.is_locked = False
        alice.wait(run, "stopped", "It was stopped.")


def test_what_was_never_started_though_the_engine_says_so_does_not_run(tmp_path: Path) -> None:
    backend = LyingBackend()
    with at_work(tmp_path, backend) as alice:
        run = alice.run()
        wait_for(lambda: len(backend.started) > 1, seconds=SECONDS, what="it is tried again")
        assert alice.look(run)["status"] == "starting"
        alice.ask(run, "stop")
        alice.wait(run, "stopped", "It was stopped before it began.")


@pytest.mark.d4(43)
def test_a_fault_with_one_run_is_told_there_and_delays_no_other(tmp_path: Path) -> None:
    backend = ConfusedBackend()
    with at_work(tmp_path, backend) as alice:
        faulty = alice.run()
        alice.wait(faulty, "starting", "The runner failed with this run")
        alice.wait(alice.run("other"), "running")


def test_sandbox_that_belongs_to_no_run_is_removed(tmp_path: Path) -> None:
    backend = LyingBackend()
    with at_work(tmp_path, backend):
        stray = "01jd9k7m2x3y4z5w6v7t-1"
        wait_for(lambda: stray in backend.removed, seconds=SECONDS, what="it is removed")


def test_want_of_memory_names_the_figure_and_the_key_to_raise(tmp_path: Path) -> None:
    backend, site = GoodBackend(), Limits(memory_bytes=4 << 30, cpus=2)
    needy = Seen(SandboxState.ENDED, 137, "ended", was_out_of_memory=True, memory_bytes=512 << 20)
    with at_work(tmp_path, backend, "{memory: 512M, cpu: 0.5}", site) as alice:
        run = alice.run()
        alice.wait(run, "running")
        assert backend.specs[0].limits == Limits(memory_bytes=512 << 20, cpus=0.5)
        backend.end(needy)
        reason = alice.wait(run, "failed")["reason"]
    assert reason == (
        "It needed more memory than the 512M that it has: raise resources.memory in its twin.yaml."
    )


def test_want_of_memory_of_a_twin_that_asks_for_none_names_the_sites_key(tmp_path: Path) -> None:
    backend, site = GoodBackend(), Limits(memory_bytes=4 << 30)
    with at_work(tmp_path, backend, limits=site) as alice:
        run = alice.run()
        alice.wait(run, "running")
        assert backend.specs[0].limits.memory_bytes == 4 << 30
        backend.end(Seen(SandboxState.VANISHED, was_out_of_memory=True, memory_bytes=4 << 30))
        assert "the 4G that it has" in alice.wait(run, "failed", "runner.memory")["reason"]


@pytest.mark.d4(42)
def test_what_no_run_is_granted_is_refused_at_once_with_the_key(tmp_path: Path) -> None:
    site = Limits(memory_bytes=4 << 30, cpus=2)
    for resources, told in (
        ("{memory: 8G}", "asks for 8G of memory, and a run has at most 4G: see resources.memory"),
        ("{cpu: 16}", "asks for 16 cores, and a run has at most 2: see resources.cpu"),
        ("{gpu: 1}", "asks for what no run has here: see resources.gpu"),
    ):
        with at_work(tmp_path, GoodBackend(), resources, site) as alice:
            answer = alice.client.post("/api/runs", json={"twin": "tank"})
            assert (answer.status_code, answer.json()["code"]) == (422, "bad-submission")
            assert told in answer.json()["detail"]
