"""``twin save``, ``restore``, ``fork``: the state of runs, as archives in the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.cli.command import GOOD
from twinhub_api.cli.runs import show_all
from twinhub_api.cli.runs_asking import Runs, values_of
from twinhub_api.cli.terminal import safe
from twinhub_api.runner.saves import ForkIn, RestoreIn

if TYPE_CHECKING:
    import argparse


def save(options: argparse.Namespace) -> int:
    """Save the state of a run, and print where."""
    with Runs.here(options) as runs:
        to = runs.places.path_of(options.to) if options.to else ""
        saved = runs.client.save(runs.find_open(options.of).id, to)
        if options.json:
            runs.print_json(saved)
        else:
            print(safe(runs.places.shown(saved.path)))
    return GOOD


def restore(options: argparse.Namespace) -> int:
    """Go on from a save, and show what that prints; 0 where it has succeeded."""
    with Runs.here(options) as runs:
        asked = RestoreIn(
            archive=runs.places.path_of(options.archive), phase=options.phase,
            twin=runs.path(options.twin) if options.twin else "",
            parameters=values_of(options.values),
        )  # fmt: skip
        return show_all(runs, (runs.client.restore(asked),))


def fork(options: argparse.Namespace) -> int:
    """Make a twin of a save, and print where."""
    with Runs.here(options) as runs:
        asked = ForkIn(
            archive=runs.places.path_of(options.archive), name=options.name,
            twin=runs.path(options.twin) if options.twin else "",
        )  # fmt: skip
        forked = runs.client.fork(asked)
        if options.json:
            runs.print_json(forked)
        else:
            print(safe(runs.places.shown(forked.twin)))
    return GOOD
