"""``twin clear``: what runs take on the disk, and removing logs and results of old ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.cli.assets_printing import size_of
from twinhub_api.cli.command import GOOD
from twinhub_api.cli.runs_asking import Runs
from twinhub_api.cli.runs_printing import tell
from twinhub_api.runner.usage import Cleared, Clearing, RunUsage

if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Tell what runs take; with a number of days, clear what is older."""
    with Runs.here(options) as runs:
        if options.days is None:
            usage = runs.client.usage()
            print(usage.model_dump_json() if options.json else as_text(usage))
            if not options.json and usage.runs + usage.copies:
                tell("`twin clear --days 30 --dry-run` tells what of it is that old")
            return GOOD
        asked = Clearing(
            days=options.days, dry_run=options.dry_run, everybody=options.everybody
        )  # fmt: skip
        done = runs.client.clear(asked)
        print(done.model_dump_json() if options.json else _done(done, is_dry=options.dry_run))
        while done.has_more and not options.dry_run and not options.json:
            done = runs.client.clear(asked)
            print(_done(done, is_dry=False))
    return GOOD


def as_text(usage: RunUsage) -> str:
    """Return what runs take, in words."""
    kept = "" if usage.keep_days is None else f"; kept for {usage.keep_days:g} days"
    return (
        f"logs and results of {usage.runs} runs: {size_of(usage.runs_bytes)}; working copies "
        f"of {usage.copies} twins: {size_of(usage.copies_bytes)}{kept}"
    )


def _done(done: Cleared, *, is_dry: bool) -> str:
    verb = "would be removed" if is_dry else "removed"
    more = ", and there are more" if done.has_more else ""
    return (
        f"logs and results of {done.runs} runs and {done.copies} working copies {verb}: "
        f"{size_of(done.bytes)}{more}"
    )
