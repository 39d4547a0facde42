"""Saves of runs, and what is made of them."""

from __future__ import annotations

from fastapi import APIRouter
from twinhub_api.runner.runs import Submitted
from twinhub_api.runner.saves import (  # noqa: TC002 - read by FastAPI
    Forked,
    ForkIn,
    RestoreIn,
    Saved,
    SaveIn,
)
from twinhub_kit.callers import KnownCaller  # noqa: TC002 - read by FastAPI

from twinhub_runner.rest.runs import TheRunner  # noqa: TC001 - read by FastAPI
from twinhub_runner.saves.restoring import fork, restore
from twinhub_runner.saves.saving import save

router = APIRouter(tags=["saves"])


@router.post("/api/runs/{run_id}/save", status_code=201)
def save_run(run_id: str, asked: SaveIn, runner: TheRunner, caller: KnownCaller) -> Saved:
    """Write what the twin keeps, with configuration and pins, as an archive to the library.

    A run that goes on is told its twin's checkpoint first; the answer comes when that has ended.
    """
    return save(runner, caller, runner.find(caller, run_id), asked.to)


@router.post("/api/restores", status_code=202)
def restore_run(asked: RestoreIn, runner: TheRunner, caller: KnownCaller) -> Submitted:
    """Ask for a run that goes on from a save, in a working copy that is made anew."""
    return Submitted(runs=(restore(runner, caller, asked),))


@router.post("/api/forks", status_code=201)
def fork_twin(asked: ForkIn, runner: TheRunner, caller: KnownCaller) -> Forked:
    """Make a twin of one's own of a save."""
    return fork(runner, caller, asked)
