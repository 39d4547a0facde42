"""Requests made from the runner's own description: whatever is asked, nothing fails inside.

Some seconds in ``make test``; ``TWINHUB_FUZZ_SECONDS`` for longer, `TWINHUB_FUZZ_SEED` to repeat.
Sandboxes are not made, so that runs wait; one that has ended, with a log and numbers, is there.
"""

from __future__ import annotations

import os
import random
import time
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient
from twinhub_api.runner.runs import Status
from twinhub_runner.backends.process import ProcessBackend
from twinhub_runner.main import make_runner_application
from twinhub_runner.queueing import Caps
from twinhub_runner.runner import open_runner
from twinhub_runner.settings import RunnerSettings

from tests.fixtures.runner import lay_out_twins
from tests.fixtures.serving_runner import IDENTITY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_runner.runner import Runner

_SECONDS = float(os.environ.get("TWINHUB_FUZZ_SECONDS", "6"))
_SEED = int(os.environ.get("TWINHUB_FUZZ_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
_CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
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


def test_no_request_by_the_description_fails_inside(runner: Runner) -> None:
    application = make_runner_application(runner, IDENTITY)
    schema = schemathesis.openapi.from_dict(application.openapi())
    schema.app = application
    operations = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    assert len(operations) >= 11
    choose = random.Random(_SEED)  # noqa: S311 - not for secrets
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
        for number, operation in enumerate(operations):
            _try_operation(operation, clients, choose, runs, number)


def _try_operation(
    operation: Any,  # noqa: ANN401  # schemathesis' own
    clients: list[TestClient],
    choose: random.Random,
    runs: list[str],
    number: int,
) -> None:
    ends = monotonic() + _SECONDS / 11

    @seed(_SEED + number)
    @settings(
        max_examples=10_000 if _SECONDS > 60 else 20, deadline=None, database=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:  # noqa: ANN401
        if monotonic() > ends:
            return
        if "run_id" in (case.path_parameters or {}) and choose.random() < 0.7:
            is_followed = operation.path.endswith("/follow")
            case.path_parameters["run_id"] = runs[0] if is_followed else choose.choice(runs)
        if operation.path == "/api/runs" and isinstance(case.body, dict) and choose.random() < 0.7:
            case.body |= {"twin": choose.choice(_TWINS), "phases": [choose.choice(_PHASES)]}
        response = case.call(session=choose.choice(clients), base_url="http://testserver")
        where = f"{case.method} {case.formatted_path} (TWINHUB_FUZZ_SEED={_SEED})"
        assert response.status_code < 500, f"{where}: {response.text[:500]}"
        case.validate_response(response, checks=_CHECKS)

    ask()
