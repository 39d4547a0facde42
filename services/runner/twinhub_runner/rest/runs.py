"""Runs: asked for, looked at, ended."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from twinhub_api.names import label_for
from twinhub_api.runner.runs import (
    Run,
    RunEventPage,
    RunPage,
    Submission,
    Submitted,
    Target,
)
from twinhub_api.runner.usage import (  # noqa: TC002 - read by FastAPI
    Cleared,
    Clearing,
    RunUsage,
)
from twinhub_kit.callers import KnownCaller  # noqa: TC002 - read by FastAPI
from twinhub_kit.errors import NotAllowedError

from twinhub_runner.collecting import DAY_SECONDS, clear, find_old, tell_usage
from twinhub_runner.runner import Runner

router = APIRouter(tags=["runs"])

MOST_NUMBER = 2**53
"""Less than a column of a database holds, and exact in the numbers of JavaScript."""


async def _get_runner(request: Request) -> Runner:
    runner: Runner = request.app.state.runner
    return runner


TheRunner = Annotated[Runner, Depends(_get_runner)]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at the most.")]
After = Annotated[int, Query(ge=0, le=MOST_NUMBER, description="`next` of the page before.")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", max_length=200,
        description="Asked for again with the same key, the same runs are answered.",
    ),
]  # fmt: skip


@router.post("/api/runs", status_code=202)
def submit(asked: Submission, runner: TheRunner, caller: KnownCaller, key: Key = None) -> Submitted:
    """Ask for a phase of a twin, or for several one after the other."""
    return Submitted(runs=tuple(runner.submit(caller, asked, key)))


@router.get("/api/runs")
def list_runs(
    runner: TheRunner, caller: KnownCaller, limit: Limit = 100,
    after: After | None = None,
    twin: Annotated[str | None, Query(max_length=1024, description="Only of this twin.")] = None,
    *, is_open: Annotated[bool, Query(alias="open", description="Only those that go on.")] = False,
) -> RunPage:  # fmt: skip
    """Return one's own runs and those of one's teams' twins, the newest first."""
    teams = map(label_for, caller.groups)
    rows = runner.table.page(
        caller.name, teams, limit=limit + 1, before=after, twin=twin, is_open=is_open
    )
    items = tuple(row.as_wire() for row in rows[:limit])
    return RunPage(items=items, next=str(rows[limit - 1].number) if len(rows) > limit else None)


@router.get("/api/usage")
def get_usage(runner: TheRunner, caller: KnownCaller) -> RunUsage:
    """Return how much room one's own runs and working copies take."""
    return tell_usage(runner, caller.name)


@router.post("/api/clearings")
def clear_runs(asked: Clearing, runner: TheRunner, caller: KnownCaller) -> Cleared:
    """Remove logs and results of one's own runs that ended long ago, and unused working copies.

    What the runs were stays, and most can be run again. With `dry_run` nothing is removed.
    """
    if asked.everybody and not caller.is_admin:
        raise NotAllowedError("This token may clear your own runs alone: it does not administer.")
    owner = None if asked.everybody else caller.name
    old = find_old(runner, time.time() - asked.days * DAY_SECONDS, owner)
    return clear(runner, old, caller.name, is_dry=asked.dry_run)


@router.get("/api/runs/{run_id}")
def get_run(run_id: str, runner: TheRunner, caller: KnownCaller) -> Run:
    """Return a run."""
    return runner.find(caller, run_id).as_wire()


@router.get("/api/runs/{run_id}/events")
def list_events(
    run_id: str, runner: TheRunner, caller: KnownCaller, limit: Limit = 100,
    after: After = 0,
) -> RunEventPage:  # fmt: skip
    """Return what has happened to a run, the oldest first."""
    runner.find(caller, run_id)
    found = runner.table.events(run_id, after=after, limit=limit + 1)
    following = found[limit - 1].number if len(found) > limit else None
    return RunEventPage(items=tuple(found[:limit]), next=following)


@router.post("/api/runs/{run_id}/stop", status_code=202)
def stop_run(run_id: str, runner: TheRunner, caller: KnownCaller) -> Run:
    """Have a run end as its twin wishes."""
    return runner.aim(caller, run_id, Target.STOP)


@router.post("/api/runs/{run_id}/continue", status_code=202)
def continue_run(run_id: str, runner: TheRunner, caller: KnownCaller) -> Run:
    """Have a run begin, or go on, that asks (`is_asking`), as little room is left on the disk."""
    return runner.go_on(caller, run_id)


@router.post("/api/runs/{run_id}/kill", status_code=202)
def kill_run(run_id: str, runner: TheRunner, caller: KnownCaller) -> Run:
    """End a run at once, with all that it runs."""
    return runner.aim(caller, run_id, Target.KILL)
