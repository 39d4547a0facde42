"""``twin top``: what runs, with the numbers that it prints, again and again."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from twinhub_api.cli.assets_printing import render_rows
from twinhub_api.cli.command import GOOD
from twinhub_api.cli.runs_asking import Runs
from twinhub_api.cli.runs_printing import age_of, word_of
from twinhub_api.cli.terminal import terminal_of
from twinhub_api.runner.runs import Status

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from twinhub_api.runner.logs import SeriesList
    from twinhub_api.runner.runs import Run
    from twinhub_api.runner.usage import ProcessLoad

_SECONDS = 2.0
_MOST_RUNS = 50
_MOST_NUMBERS = 4
_CLEAR = "\x1b[H\x1b[J"


def run(options: argparse.Namespace) -> int:
    """Show what runs until interrupted; once where nobody looks."""
    with Runs.here(options) as runs:
        while True:
            text = _render(runs)
            if options.once or not sys.stdout.isatty():
                print(text)
                return GOOD
            print(f"{_CLEAR}{text}", flush=True)
            try:
                time.sleep(_SECONDS)
            except KeyboardInterrupt:
                return GOOD


def _render(runs: Runs) -> str:
    found = runs.first(runs.client.list_runs(is_open=True, page=_MOST_RUNS), _MOST_RUNS)
    if not found:
        return "Nothing runs, and nothing waits."
    rows = [("RUN", "TWIN", "PHASE", "STATUS", "TIME", "CPU", "MEMORY", "PROGRESS", "NUMBERS")]
    for one in found:
        progress, numbers = _numbers_of(runs, one)
        used = runs.client.load(one.id).processes if one.status is Status.RUNNING else ()
        what = (one.id, runs.places.shown(one.twin), one.phase, word_of(one), age_of(one))
        rows.append((*what, *_used(used), progress, numbers))
        rows += [("", f"  {process.name}", "", "", "", *_used([process]), "", "")
                 for process in (used if len(used) > 1 else ())]  # fmt: skip
    return render_rows(rows, terminal_of(), has_text=True)


def _used(processes: Sequence[ProcessLoad]) -> tuple[str, str]:
    """Return the share of a core and the memory that processes use; nothing of none."""
    if not processes:
        return "", ""
    memory = sum(one.memory_bytes for one in processes)
    return f"{sum(one.cpus for one in processes):.0%}", f"{memory / 2**20:.0f} MiB"


def _numbers_of(runs: Runs, one: Run) -> tuple[str, str]:
    """Return how far a run is and the newest of its other numbers, or what it waits for."""
    if one.status is Status.WAITING:
        return "", one.reason
    found: SeriesList = runs.client.metrics(one.id, most=2)
    last = {series.name: series.last for series in found.series}
    progress = last.pop("progress", None)
    shown = [f"{name}={value:.6g}" for name, value in list(last.items())[:_MOST_NUMBERS]]
    return "" if progress is None else f"{progress:.0%}", " ".join(shown)
