"""Commands that runs are given while they go on."""

from __future__ import annotations

from fastapi import APIRouter
from twinhub_api.runner.commands import CommandIn, RunCommand, RunCommandList
from twinhub_kit.callers import KnownCaller  # noqa: TC002 - read by FastAPI

from twinhub_runner.errors import NoCommandError
from twinhub_runner.rest.runs import TheRunner  # noqa: TC001 - read by FastAPI
from twinhub_runner.telling import find_command, give_command, list_commands

router = APIRouter(tags=["commands"])


@router.post("/api/runs/{run_id}/commands", status_code=202)
def tell_run(run_id: str, asked: CommandIn, runner: TheRunner, caller: KnownCaller) -> RunCommand:
    """Start a command of the twin, or a phase such as `terminate`, inside a run that goes on."""
    row = runner.find(caller, run_id)
    given = give_command(row, runner.places.of(row), asked, caller.name)
    runner.table.note(row.id, "told", asked.name, who=caller.name)
    return given


@router.get("/api/runs/{run_id}/commands")
def list_run_commands(run_id: str, runner: TheRunner, caller: KnownCaller) -> RunCommandList:
    """Return what a run was told, the oldest first."""
    row = runner.find(caller, run_id)
    return RunCommandList(commands=list_commands(row, runner.places.of(row)))


@router.get("/api/runs/{run_id}/commands/{command_id}")
def get_run_command(
    run_id: str, command_id: str, runner: TheRunner, caller: KnownCaller
) -> RunCommand:
    """Return something that a run was told, and how it has ended."""
    row = runner.find(caller, run_id)
    found = find_command(row, runner.places.of(row), command_id)
    if found is None:
        raise NoCommandError(f"The run {run_id} was given no command {command_id}.")
    return found
