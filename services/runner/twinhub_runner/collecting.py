"""What is kept of runs that ended long ago: what they were stays, log and results go.

A run that has not ended is never touched, and no working copy that one works in or waits for. Each
step may be cut off and done again.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_api.runner.usage import Cleared, RunUsage
from twinhub_kit.files.errors import FileError

from twinhub_runner.copies.workshop import COPY_NOTE
from twinhub_runner.folders import remove_folder
from twinhub_runner.room import measure
from twinhub_runner.store.runs import RUNNER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from twinhub_runner.runner import Runner
    from twinhub_runner.store.rows import RunRow

_log = logging.getLogger(__name__)

EVERY_SECONDS = 3600.0
DAY_SECONDS = 86_400.0
_MOST_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Old:
    """What was used last before some time."""

    runs: tuple[RunRow, ...]
    copies: tuple[str, ...]


def find_old(runner: Runner, before: float, owner: str | None = None) -> Old:
    """Return runs that ended before a time, with copies that none has used since; or one owner's.

    Of many runs it is the oldest ones.
    """
    rows = runner.table.list_ended(before, owner, _MOST_AT_ONCE)
    written_at = runner.workshop.copies.written_at
    unused = (
        name for name in runner.table.list_unused_copies(before, owner)
        if (at := written_at(name)) is not None and at < before
    )  # fmt: skip
    return Old(tuple(rows), tuple(unused))


def clear(runner: Runner, old: Old, who: str, *, is_dry: bool = False) -> Cleared:
    """Remove log and results of runs, and working copies; or only tell what that would be."""
    folders = [(row, runner.places.folders_of(row)) for row in old.runs]
    copies = list(old.copies)
    freed = sum(map(size_of, (one for _, made in folders for one in made)))
    freed += sum(size_of(runner.workshop.copies.folder / name) for name in copies)
    if not is_dry:
        copies = [name for name in copies if runner.workshop.discard(name, runner.table)]
        for row, made in folders:
            for folder in made:
                try:
                    _clear_folder(folder)
                except OSError as error:  # that of others is cleared all the same
                    _log.warning("not all is cleared run=%s why=%s", row.id, error)
            runner.table.note(row.id, "cleared", "", who=who, is_cleared=True)
    return Cleared(
        runs=len(old.runs), copies=len(copies), bytes=freed,
        items=tuple(row.id for row in old.runs), has_more=len(old.runs) == _MOST_AT_ONCE,
    )  # fmt: skip


def clear_old(runner: Runner, days: float) -> None:
    """Clear what the site keeps no longer, and what clearing has left that was cut off."""
    for name in runner.workshop.copies.list_aside():
        runner.workshop.copies.remove_aside(name)
    runner.workshop.discard_builds(time.time() - days * DAY_SECONDS, runner.table)
    while not runner.background.stopping.is_set():
        done = clear(runner, find_old(runner, time.time() - days * DAY_SECONDS), RUNNER)
        if done.runs or done.copies:
            _log.info("cleared runs=%d copies=%d bytes=%d", done.runs, done.copies, done.bytes)
        if not done.has_more:
            return


def tell_usage(runner: Runner, owner: str) -> RunUsage:
    """Return how much room somebody's runs and working copies take."""
    all_rows = runner.table.list_of(owner)
    rows = [row for row in all_rows if not row.is_cleared]
    copies = {row.copy for row in all_rows if row.copy}
    held = [runner.workshop.copies.folder / name for name in sorted(copies)]
    there = [folder for folder in held if folder.is_dir()]
    return RunUsage(
        runs=len(rows), copies=len(there), copies_bytes=sum(map(size_of, there)),
        runs_bytes=_total(folder for row in rows for folder in runner.places.folders_of(row)),
        keep_days=runner.settings.keep_days,
    )  # fmt: skip


def size_of(folder: Path) -> int:
    """Return what a folder takes on the disk; 0 of one that is not there or cannot be measured."""
    try:
        return measure(folder)
    except (OSError, FileError):
        return 0


def _total(folders: Iterable[Path]) -> int:
    return sum(map(size_of, folders))


def _clear_folder(folder: Path) -> None:
    """Remove all of a run's folder but what says of what its copy was made."""
    for one in folder.iterdir() if folder.is_dir() else ():
        if one.is_dir() and not one.is_symlink():
            remove_folder(one)
        elif one.name != COPY_NOTE:
            one.unlink(missing_ok=True)
