"""Numbers that runs have printed, and what they use."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from twinhub_agent.load import OTHERS
from twinhub_api.runner.logs import SeriesList  # noqa: TC002 - read by FastAPI
from twinhub_api.runner.runs import Status
from twinhub_api.runner.usage import ProcessLoad, RunLoad
from twinhub_kit.callers import KnownCaller  # noqa: TC002 - read by FastAPI

from twinhub_runner.agents import read_load
from twinhub_runner.rest.runs import MOST_NUMBER, TheRunner
from twinhub_runner.series import read_series

router = APIRouter(tags=["metrics"])


@router.get("/api/runs/{run_id}/metrics")
def read_run_metrics(
    run_id: str, runner: TheRunner, caller: KnownCaller,
    most: Annotated[int, Query(ge=2, le=10_000, description="Points of each number.")] = 1000,
    start: Annotated[
        int, Query(ge=0, le=MOST_NUMBER, description="`end` of an answer: what came since.")
    ] = 0,
) -> SeriesList:  # fmt: skip
    """Return the numbers of the newest try that lines such as `@twin level=1.25` have told."""
    row = runner.find(caller, run_id)
    return read_series(runner.places.of(row).outside / "metrics", start, most)


@router.get("/api/runs/{run_id}/load")
def read_run_load(run_id: str, runner: TheRunner, caller: KnownCaller) -> RunLoad:
    """Return what the processes of a run use now, as its sandbox tells."""
    row = runner.find(caller, run_id)
    if row.status not in {Status.RUNNING, Status.STOPPING}:
        return RunLoad(processes=())
    names = (*row.plan.get("processes", ()), *row.plan.get("commands", ()), OTHERS)
    found = read_load(runner.places.of(row).outside, names)
    return RunLoad(
        processes=tuple(
            ProcessLoad(name=name, cpus=one[0], memory_bytes=one[1], count=one[2])
            for name, one in found.items()
        )
    )
