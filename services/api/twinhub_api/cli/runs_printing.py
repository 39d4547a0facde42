"""Runs and their logs as people read them."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twinhub_api.cli.assets_printing import render_rows
from twinhub_api.cli.runs_progress import Foot
from twinhub_api.cli.terminal import Terminal, safe, terminal_of
from twinhub_api.runner.logs import ERR, OWN, LogLine
from twinhub_api.runner.runs import Run, RunEvent, Status

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from twinhub_api.client.places import Places

_MAIN = "main"
"""What the one process of a phase is called that is a command or a script."""
_MINUTE = 60
_UNITS = (("d", 86_400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1))
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")


@dataclass(frozen=True)
class LinePrinter:
    """Prints lines of a log: standard error and what TwinHub says go to standard error."""

    out: Terminal
    err: Terminal
    process: str | None = None
    has_times: bool = False
    as_json: bool = False
    is_quiet: bool = False
    foot: Foot | None = None
    """Where numbers go that tell how far a run is; without, they are lines."""

    @classmethod
    def of(
        cls, options: argparse.Namespace, *, process: str | None = None, is_quiet: bool = False,
        is_live: bool = False,
    ) -> LinePrinter:  # fmt: skip
        """Return what prints as options say, of a run that goes on or of any."""
        out, err = terminal_of(), terminal_of(sys.stderr)
        has_foot = is_live and out.width is not None and os.environ.get("TERM") != "dumb"
        return cls(
            out, err, process or getattr(options, "process", None),
            getattr(options, "times", False), options.json, is_quiet,
            Foot(err) if has_foot else None,
        )  # fmt: skip

    def print(self, lines: Iterable[LogLine]) -> None:
        """Print some lines, and have them seen at once."""
        if self.is_quiet:
            return
        self.clear()
        for line in lines:
            is_wanted = self.process is None or line.process == self.process
            if is_wanted and (self.as_json or self.foot is None or not self.foot.take(line)):
                self._print(line)
        sys.stdout.flush()
        if self.foot is not None:
            self.foot.draw()

    def clear(self) -> None:
        """Make room for what is printed next, such as when nothing more is."""
        if self.foot is not None:
            self.foot.clear()

    def _print(self, line: LogLine) -> None:
        if self.as_json:
            print(line.as_json())
            return
        is_out = line.stream not in {ERR, OWN}
        terminal, stream = (self.out, sys.stdout) if is_out else (self.err, sys.stderr)
        text = _shown(line.text) if terminal.width else line.text
        if line.stream == OWN:
            text = terminal.paint(f"twin: {text}", "dim")
        elif line.process != _MAIN and self.process is None:
            text = f"{terminal.paint(safe(line.process), 'cyan')} | {text}"
        if self.has_times:
            text = f"{_clock(line.time)} {text}"
        if not is_out:
            sys.stdout.flush()  # so that both are seen in order where they go to one place
        print(text, file=stream)


def tell(text: str) -> None:
    """Say something beside what a run prints."""
    print(f"twin: {text}", file=sys.stderr, flush=True)


def ended_text(run: Run) -> str:
    """Return how a run has ended, in words."""
    took = ""
    if run.started_at is not None and run.ended_at is not None:
        took = f" after {time_of((run.ended_at - run.started_at).total_seconds())}"
    why = f": {safe(run.reason)}" if run.reason else ""
    return f"{run.phase} {word_of(run)}{took}{why}"


def time_of(seconds: float) -> str:
    """Return a time in words, such as ``1.5 s`` or ``2 h 5 min``."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    for unit, size, smaller, part in _UNITS:
        if seconds >= size:
            rest = int(seconds % size // part)
            return f"{int(seconds // size)} {unit}" + (f" {rest} {smaller}" if rest else "")
    return ""


def render_runs(runs: Iterable[Run], places: Places, terminal: Terminal) -> str:
    """Return a table of runs."""
    rows = [("RUN", "TWIN", "PHASE", "STATUS", "TIME", "")]
    rows += [
        (one.id, places.shown(one.twin), one.phase, word_of(one), age_of(one), one.reason)
        for one in runs
    ]
    return render_rows(rows, terminal, has_text=True)


def render_events(events: Iterable[RunEvent], terminal: Terminal) -> str:
    """Return a table of what has happened to a run."""
    rows = [("TIME", "WHAT", "WHO", "")]
    rows += [
        (f"{one.time.astimezone():%Y-%m-%d %H:%M:%S}", what, one.who, why)
        for one in events
        for what, why in (_what_of(one),)
    ]
    return render_rows(rows, terminal, has_text=True)


def _what_of(event: RunEvent) -> tuple[str, str]:
    """Return what has happened, and why, in words."""
    if event.what == "aimed":
        return f"asked to {event.why}", ""
    return event.after or event.what, event.why


def word_of(run: Run) -> str:
    """Return how a run is, in words."""
    if run.status is Status.RUNNING and run.is_asking:
        return "paused, asks"
    if run.status is Status.RUNNING and run.in_background:
        return "running in background"
    if run.status is Status.WAITING and run.is_asking:
        return "waiting, asks"
    if run.status is Status.RUNNING and run.is_healthy is False:
        return "running, unhealthy"
    return run.status.value


def age_of(run: Run) -> str:
    """Return how long a run has gone on, or has waited."""
    seconds = (
        (run.ended_at or datetime.now(UTC)) - (run.started_at or run.created_at)
    ).total_seconds()
    return time_of(max(0.0, seconds))


def _clock(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone()
    return moment.isoformat(" ", "milliseconds")[:23]


def _shown(text: str) -> str:
    """Return a line as a terminal may have it: with colours, and without what else steers it.

    Of what was written over itself, as by a progress bar, it is what stood there last.
    """
    last = text.rstrip("\r").rpartition("\r")[2]
    parts = _COLOUR.split(last)
    shown = "".join(part if at % 2 else safe(part) for at, part in enumerate(parts))
    return f"{shown}\x1b[0m" if len(parts) > 1 else shown
