"""What an operator sees of the runner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import generate_latest
from twinhub_runner.backends.docker import DockerBackend
from twinhub_runner.backends.process import ProcessBackend
from twinhub_runner.operating import Sandboxes, show_to_operators

from tests.fixtures.faulty_backends import GoodBackend
from tests.unit.runner.steps import stepping

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TWIN = "format: 1\nname: tank\nphases: {execute: run, clean: remove}\n"


@dataclass
class Ill(GoodBackend):
    """Makes no sandbox."""

    def find_fault(self) -> str:
        """Say why."""
        return "No run can begin: it is ill."


def test_what_goes_on_and_what_waits_is_counted(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there:
        show_to_operators(there.runner, there.backend)
        there.submit(phases=["execute", "clean"])
        there.submit()
        there.steps()
        shown = generate_latest(there.runner.metrics.registry).decode().splitlines()
        found = dict(line.split() for line in shown if line.startswith("twinhub_runner_runs_"))
        assert found["twinhub_runner_runs_under_way"] == "1.0"
        assert found["twinhub_runner_runs_waiting"] == "1.0"
        assert 0 < float(found["twinhub_runner_runs_oldest_waiting_seconds"]) < 60


def test_a_full_disk_and_sandboxes_that_cannot_be_made_are_warned_of(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN, least_free=1 << 60) as there:
        show_to_operators(there.runner, there.backend)
        warnings = there.runner.health.list_warnings()
        assert list(warnings) == ["disk"]
        assert "no run begins unless its owner says so" in warnings["disk"]
    sandboxes = Sandboxes(Ill())
    sandboxes.look()
    assert sandboxes.fault == "No run can begin: it is ill."


def test_a_back_end_says_why_it_makes_no_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = f"unix://{tmp_path}/nobody.sock"
    docker = DockerBackend(nobody, tmp_path, "th", "twinhub/run", 1000, "th")
    assert docker.find_fault().startswith(
        "No run can begin or end, those that go on do so: Docker does not answer"
    )
    docker.close()
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: No permissions' >&2; exit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert ProcessBackend(tmp_path).find_fault() == (
        "No run can begin: bwrap: No permissions. `twinhub up` says what to do."
    )
