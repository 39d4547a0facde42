"""``twin command``: tells a run something, and shows what that prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.cli.assets_printing import render_rows
from twinhub_api.cli.command import FAULTY, GOOD
from twinhub_api.cli.runs_asking import Runs, values_of
from twinhub_api.cli.runs_printing import LinePrinter, tell
from twinhub_api.cli.terminal import safe, terminal_of
from twinhub_api.runner.commands import CommandIn

if TYPE_CHECKING:
    import argparse

    from twinhub_api.runner.commands import RunCommand
    from twinhub_api.runner.runs import Run


def run(options: argparse.Namespace) -> int:
    """Give a command; 0 where it has ended with 0."""
    with Runs.here(options) as runs:
        found = runs.find_open(options.of)
        if options.name is None:
            return _list(runs, found)
        return give(runs, found, CommandIn(name=options.name, arguments=values_of(options.values)))


def give(runs: Runs, found: Run, asked: CommandIn) -> int:
    """Give a run a command, and show what that prints; 0 where it has ended with 0."""
    options = runs.options
    given = runs.client.command(found.id, asked)
    if not options.detach:
        given = runs.client.wait_for_command(found.id, given)
        if not options.json:
            new = runs.client.read_log(found.id, start=given.log_start)
            LinePrinter.of(options, process=asked.name).print(new)
    if options.json:
        runs.print_json(given)
    elif given.has_ended and given.exit_code is None:
        tell(f"{safe(given.name)} ended with its run")
    elif given.exit_code:
        tell(f"{safe(given.name)} ended with status {given.exit_code}")
    return GOOD if options.detach or given.exit_code == 0 else FAULTY


def _list(runs: Runs, found: Run) -> int:
    told = runs.client.list_commands(found.id)
    if runs.options.json:
        runs.print_json(*told, is_list=True)
    elif told:
        rows = [("TIME", "COMMAND", "WHO", "STATUS")]
        rows += [(f"{one.asked_at.astimezone():%Y-%m-%d %H:%M:%S}", one.name, one.who, _word(one))
                 for one in told]  # fmt: skip
        print(render_rows(rows, terminal_of()))
    else:
        print(f"The run {found.id} was told nothing.")
    return GOOD


def _word(command: RunCommand) -> str:
    if command.exit_code is not None:
        return str(command.exit_code)
    return "ended with its run" if command.has_ended else "goes on"
