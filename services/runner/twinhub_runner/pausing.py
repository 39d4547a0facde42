"""Holding what fills the disk: with little room left a run that writes waits for somebody.

Only what has written since it was measured last is held: what reads, or drives something outside,
goes on. A run that is held is `running` and asks; the file that its agent looks for follows that.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from twinhub_api.runner.runs import Status, Target
from twinhub_kit.files.errors import FileError

from twinhub_runner.room import REST_FACTOR, Room, measure, question, written_to

if TYPE_CHECKING:
    from twinhub_runner.runner import Runner
    from twinhub_runner.store.rows import RunRow

_log = logging.getLogger(__name__)

LEAST_WRITTEN = 1 << 20
"""Bytes between two looks: what writes less, such as a log, is not held."""


def hold_runs_that_write(runner: Runner, seen: dict[str, tuple[float, int]]) -> None:
    """Hold runs that write while the disk is nearly full; let go of them when it is not.

    ``seen`` has of each run when it is to be measured again, so that one with very many files takes
    no more than a twentieth of a processor, and how much it had written.
    """
    why = Room(runner.settings.root, runner.settings.least_free).why_not()
    rows = [row for row in runner.table.list_open() if row.status == Status.RUNNING]
    for run in set(seen) - {row.id for row in rows if why}:
        del seen[run]
    for row in rows:
        is_held = row.is_asking
        if row.is_asking and not why:
            is_held = False
            runner.table.note(row.id, "continued", "", is_asking=False, reason="")
        elif why and not row.is_asking and _is_to_be_held(runner, row, seen):
            is_held = True
            asks = question(row.id, why, is_running=True)
            runner.table.note(row.id, "asks", asks, reason=asks, is_asking=True)
        _hold(runner, row, is_held=is_held)


def _hold(runner: Runner, row: RunRow, *, is_held: bool) -> None:
    """Have a run be held, or not; what cannot be done now is done at the next look."""
    try:
        runner.places.of(row).hold(is_held=is_held)
    except OSError as error:
        _log.warning("a run is not paused run=%s why=%s", row.id, error)


def _is_to_be_held(runner: Runner, row: RunRow, seen: dict[str, tuple[float, int]]) -> bool:
    begun = time.monotonic()
    due, before = seen.get(row.id, (0.0, None))
    if row.goes_on or row.target != Target.RUN or row.verdict or begun < due:
        return False
    root, place = runner.settings.root, runner.places.of(row)
    in_place = [] if row.copy else [root / row.twin]
    try:
        now = sum(map(measure, (place.outside, *written_to(row.mounts, root), *in_place)))
    except (OSError, FileError) as error:
        _log.warning("what a run writes is not known run=%s why=%s", row.id, error)
        return False
    ended = time.monotonic()
    seen[row.id] = ended + REST_FACTOR * (ended - begun), now
    return before is not None and now - before >= LEAST_WRITTEN
