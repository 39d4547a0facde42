"""Requests made from the runner's own description: whatever is asked, nothing fails inside.

Sandboxes are not made, so that runs wait; one that has ended, with a log and numbers, is there.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient
from twinhub_api.runner.runs import Status
from twinhub_runner.backends.process import ProcessBackend
from twinhub_runner.main import make_runner_application
from twinhub_runner.queueing import Caps
from twinhub_runner.runner import open_runner
from twinhub_runner.settings import RunnerSettings

from tests.fixtures.runner import lay_out_twins
from tests.fixtures.serving_runner import IDENTITY
from tests.fuzz.requests import Asking

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_runner.runner import Runner

_TWINS = ("tank", "alice/digital_twins/tank", "teams/pumps/digital_twins/tank", "..", "common")
_PHASES = ("execute", "live", "terminate", "create")


@pytest.fixture(name="runner")
def _runner(tmp_path: Path) -> Iterator[Runner]:
    lay_out_twins(tmp_path / "assets")
    none = RunnerSettings(tmp_path / "assets", tmp_path / "state", caps=Caps(all=0))
    with open_runner(none, ProcessBackend(none.runs)) as runner:
        yield runner


def _end_one(runner: Runner, run: str) -> None:
    """Have a run look as if it had run: with a log, numbers, a command and its answer."""
    for status in (Status.PREPARING, Status.STARTING, Status.RUNNING):
        row = runner.table.move(run, status, "", started_at=time.time())
    place = runner.places.of(row)
    (place.outside / "log").mkdir(parents=True)
    (place.outside / "log/0000000000000000").write_bytes(b"1\tmain\to\tx\n\xff\nodd\n")
    (place.outside / "metrics").write_text("1\tlevel\t1.5\n2\tlevel\tnan\nodd\n")
    (place.inside / "control").mkdir(parents=True)


def _put_in_runs(runs: list[str], case: Any, choose: random.Random) -> None:  # noqa: ANN401
    if "run_id" in (case.path_parameters or {}) and choose.random() < 0.7:
        is_followed = case.path.endswith("/follow")
        case.path_parameters["run_id"] = runs[0] if is_followed else choose.choice(runs)
    if case.path == "/api/runs" and isinstance(case.body, dict) and choose.random() < 0.7:
        phases = [choose.choice(_PHASES) for _ in range(choose.randint(1, 3))]
        case.body |= {"twin": choose.choice(_TWINS), "phases": phases}


def test_no_request_by_the_description_fails_inside(runner: Runner) -> None:
    application = make_runner_application(runner, IDENTITY)
    with TestClient(application) as first:
        clients = []
        for name in ("alice", "bob", "carol"):
            headers = {"Authorization": f"token token-of-{name}"}
            clients.append(TestClient(application, headers=headers))
            clients[-1].portal = first.portal
        asked = {"twin": "teams/pumps/digital_twins/tank", "phases": ["create", "execute"]}
        runs = [one["id"] for one in clients[0].post("/api/runs", json=asked).json()["runs"]]
        _end_one(runner, runs[0])
        clients[0].post(f"/api/runs/{runs[0]}/commands", json={"name": "terminate"})
        runner.table.move(runs[0], Status.FAILED, "")
        asking = Asking(clients, partial(_put_in_runs, runs))
        assert asking.ask_for_all(application) >= 25
