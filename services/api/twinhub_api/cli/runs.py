"""``twin run``, ``ps``, ``logs``, ``stop``, ``kill``: asks the runner, and shows what it says."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import TYPE_CHECKING

from twinhub_api.cli.command import FAULTY, GOOD
from twinhub_api.cli.runs_asking import Runs, values_of
from twinhub_api.cli.runs_printing import (
    LinePrinter,
    ended_text,
    render_events,
    render_runs,
    tell,
    word_of,
)
from twinhub_api.cli.runs_telling import give
from twinhub_api.cli.terminal import safe, terminal_of
from twinhub_api.client.errors import ProblemError
from twinhub_api.runner.commands import CommandIn
from twinhub_api.runner.runs import Run, Status, Submission

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

_INTERRUPTED = 130
_LISTENING = frozenset({Status.STARTING, Status.RUNNING})
_TWIN_RUNS = "twin-runs"
"""Code of a problem: a phase ends what another one runs, and so has to be where that is."""


def run(options: argparse.Namespace) -> int:
    """Ask for phases and show what they print; 0 where all of them have succeeded."""
    with Runs.here(options) as runs:
        asked = Submission(
            twin=runs.path(options.twin), phases=tuple(options.phases) or ("execute",),
            scenario=options.scenario, parameters=values_of(options.values),
        )  # fmt: skip
        try:
            return show_all(runs, runs.client.submit(asked))
        except ProblemError as error:
            if error.code != _TWIN_RUNS or (found := _running(runs)) is None:
                raise
        tell(f"{asked.phases[0]} runs inside the run {found.id}")
        return give(runs, found, CommandIn(name=asked.phases[0]))


def rerun(options: argparse.Namespace) -> int:
    """Ask for the same again, as `run` does."""
    with Runs.here(options) as runs:
        made = runs.client.rerun(runs.find(options.of).id)
        if made[0].reason:
            tell(safe(made[0].reason))
        return show_all(runs, made)


def show_all(runs: Runs, made: Sequence[Run]) -> int:
    """Show what runs print that follow one another, or only what they are called."""
    options = runs.options
    if options.detach:
        if options.json:
            runs.print_json(*made)
        else:
            print(*(one.id for one in made), sep="\n")
        return GOOD
    ended: list[Run] = []
    try:
        for one in made:
            ended.append(_show_to_end(runs, one))  # noqa: PERF401 - kept when interrupted
    except KeyboardInterrupt:
        now = made[len(ended)].id
        tell(f"it goes on: `twin logs -f {now}` follows it, `twin stop {now}` ends it")
        return _INTERRUPTED
    if options.json:
        runs.print_json(*ended)
    return GOOD if all(one.status is Status.SUCCEEDED for one in ended) else FAULTY


def list_runs(options: argparse.Namespace) -> int:
    """List runs, the newest first."""
    with Runs.here(options) as runs:
        wanted = runs.full_path(options.twin) if options.twin else ""
        found = runs.first(
            runs.client.list_runs(twin=wanted, is_open=not options.everything, page=options.limit),
            options.limit,
        )
        if options.json:
            runs.print_json(*found, is_list=True)
        elif found:
            print(render_runs(found, runs.places, terminal_of()))
        else:
            more = "" if options.everything else "; `twin ps --all` lists what has ended"
            print(f"There is no run{more}.")
    return GOOD


def print_log(options: argparse.Namespace) -> int:
    """Print a log, to its end of now or to that of the run."""
    with Runs.here(options) as runs:
        found = runs.find(options.of)
        printer = LinePrinter.of(options, is_live=options.follow)
        if not options.json:
            found = _wait_for_begin(runs, found) if options.follow else _say_why_nothing(found)
        if options.follow:
            try:
                for heard in runs.client.follow_log(found.id, attempt=options.attempt):
                    printer.print(heard.lines)
            finally:
                printer.clear()
            return GOOD
        lines = runs.client.read_log(found.id, attempt=options.attempt)
        if options.process is not None:
            lines = (one for one in lines if one.process == options.process)
        printer.print(lines if options.tail is None else deque(lines, max(0, options.tail)))
    return GOOD


def stop(options: argparse.Namespace) -> int:
    """End a run as its twin wishes."""
    with Runs.here(options) as runs:
        return _end(runs, runs.find_open(options.of), runs.client.stop)


def kill(options: argparse.Namespace) -> int:
    """End a run at once."""
    with Runs.here(options) as runs:
        return _end(runs, runs.find_open(options.of), runs.client.kill)


def go_on(options: argparse.Namespace) -> int:
    """Have a run begin, or go on, that asks whether to, as the disk is nearly full."""
    with Runs.here(options) as runs:
        found = runs.client.go_on(runs.find_open(options.of, asking=True).id)
        if options.json:
            runs.print_json(found)
        else:
            print(f"{found.id} {found.status}")
    return GOOD


def print_history(options: argparse.Namespace) -> int:
    """Print what has happened to a run, the oldest first."""
    with Runs.here(options) as runs:
        events = list(runs.client.list_events(runs.find(options.of).id))
        if options.json:
            runs.print_json(*events, is_list=True)
        else:
            print(render_events(events, terminal_of()))
    return GOOD


def _end(runs: Runs, found: Run, end: Callable[[str], Run]) -> int:
    """End a run, and say how it is then; what has ended before stays as it was."""
    had_ended = found.status.is_final
    found = end(found.id)
    if not runs.options.detach:
        found = runs.client.wait_for_end(found.id)
    if runs.options.json:
        runs.print_json(found)
        return GOOD
    how = f"{found.status}{': ' if found.reason else ''}{safe(found.reason)}"
    print(f"{found.id} {'had ended before: ' if had_ended else ''}{how}")
    if not runs.options.detach:
        _tell_what_waits(runs, found)
    return GOOD


def _tell_what_waits(runs: Runs, ended: Run) -> None:
    """Say which runs of the same twin have not ended with one."""
    for one in runs.client.list_runs(twin=ended.twin, is_open=True):
        tell(f"its run {one.id} ({safe(one.phase)}) has not ended: {word_of(one)}")


def _running(runs: Runs) -> Run | None:
    """Return the newest run of the twin that is to be run if it goes on."""
    twin = runs.full_path(runs.options.twin)
    open_ones = runs.client.list_runs(twin=twin, is_open=True)
    return next((one for one in open_ones if one.status in _LISTENING), None)


def _show_to_end(runs: Runs, found: Run) -> Run:
    """Show what a run prints until it has ended; return how it is then."""
    if not runs.options.json:
        tell(f"{found.phase} of {safe(runs.places.shown(found.twin))} is the run {found.id}")
    found = _wait_for_begin(runs, found)
    printer, attempt = LinePrinter.of(runs.options, is_quiet=runs.options.json, is_live=True), 1
    try:
        for heard in runs.client.follow_log(found.id, attempt=1):  # one may be over already
            if heard.attempt > attempt and not runs.options.json:
                printer.clear()
                tell(f"try {heard.attempt} begins")
            attempt = heard.attempt
            printer.print(heard.lines)
    finally:
        printer.clear()
    found = runs.client.wait_for_end(found.id)
    if not runs.options.json:
        sys.stdout.flush()
        tell(ended_text(found))
    return found


def _say_why_nothing(found: Run) -> Run:
    """Say of a run that has not begun why its log has nothing."""
    if found.status is Status.WAITING:
        tell(f"{found.id} waits{': ' if found.reason else ''}{safe(found.reason)}")
    elif found.is_cleared:
        tell(f"the log of {found.id} was removed, as it ended long ago")
    return found


def _wait_for_begin(runs: Runs, found: Run) -> Run:
    """Wait while a run waits, and say for what; what it has built is in its log meanwhile."""
    pause, said = 0.05, ""
    while found.status in {Status.WAITING, Status.PREPARING} and found.attempt == 1:
        if found.reason not in {"", said}:
            said = found.reason
            tell(f"it waits: {safe(said)}")
        if found.reason and found.status is Status.PREPARING:
            break
        time.sleep(pause)
        pause = min(2 * pause, 1.0)
        found = runs.client.find(found.id)
    return found
