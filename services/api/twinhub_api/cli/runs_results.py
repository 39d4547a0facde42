"""``twin results``: what a run has made, listed or fetched."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_api.cli.assets_printing import render_rows, size_of
from twinhub_api.cli.command import FAULTY, GOOD
from twinhub_api.cli.runs_asking import Runs
from twinhub_api.cli.runs_printing import tell
from twinhub_api.cli.terminal import safe, terminal_of
from twinhub_api.runner.results import PreviewKind

if TYPE_CHECKING:
    import argparse

    from twinhub_api.runner.results import Artefacts, Preview
    from twinhub_api.runner.runs import Run

_SHOWN_DIGITS = 12


def run(options: argparse.Namespace) -> int:
    """List or fetch results; 1 where not all could be kept."""
    with Runs.here(options) as runs:
        found = runs.find(options.of)
        if _is_one_thing(runs, found.id):
            return GOOD
        artefacts = runs.client.list_artefacts(found.id)
        if options.to:
            for one in artefacts.items:
                target = runs.client.save_artefact(found.id, one, Path(options.to))
                if not options.json:
                    print(safe(str(target)))
        if options.json:
            runs.print_json(artefacts)
        elif not artefacts.items:
            _tell_nothing(found)
        elif not options.to:
            _print(artefacts)
        sys.stdout.flush()
        return _tell_faults(artefacts)


def _print(artefacts: Artefacts) -> None:
    rows = [(one.path, size_of(one.size), one.sha256[:_SHOWN_DIGITS]) for one in artefacts.items]
    print(render_rows(rows, terminal_of()))


def _tell_nothing(found: Run) -> None:
    """Say of which run there are no results, and where others are."""
    if not found.status.is_final:
        print(f"The run {found.id} ({safe(found.phase)}) has no results before it has ended.")
        return
    others = f"`twin ps --all {safe(found.twin)}` lists the others of its twin"
    print(f"The run {found.id} ({safe(found.phase)}) has no results; {others}.")


def _is_one_thing(runs: Runs, run_id: str) -> bool:
    """Do what is asked for in place of the list; return whether anything is."""
    options = runs.options
    if options.provenance:
        runs.print_json(runs.client.get_provenance(run_id))
    elif options.preview:
        _preview(runs, runs.client.preview(run_id, options.preview))
    elif options.crate:
        runs.client.save_crate(run_id, Path(options.crate))
        print(f"{safe(options.crate)} has the run {run_id}")
    else:
        return False
    return True


def _preview(runs: Runs, found: Preview) -> None:
    if runs.options.json:
        runs.print_json(found)
        return
    if found.kind is PreviewKind.TABLE:
        print(render_rows([found.columns, *found.rows], terminal_of()))
    elif found.picture is not None:
        print(f"{found.picture.media_type}, {found.picture.width} x {found.picture.height}")
    elif found.kind is PreviewKind.NONE:
        print("It is nothing that can be shown: fetch it with --to.")
    else:
        for line in found.text.splitlines():
            print(safe(line))
    if not found.is_whole:
        tell("there is more: fetch it with --to")


def _tell_faults(artefacts: Artefacts) -> int:
    """Say what is not there; return the exit code."""
    for pattern in artefacts.missing:
        tell(f"no file has fitted the declared output {safe(pattern)}")
    if artefacts.fault:
        tell(safe(artefacts.fault))
    return FAULTY if artefacts.fault else GOOD
