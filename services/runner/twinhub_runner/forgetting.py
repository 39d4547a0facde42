"""What the runner forgets of a user whom the hub has deleted: all of their runs and secrets.

A later user of the same name inherits nothing. It may be killed at any point and done again. What
runs of others have in their history, such as who stopped them, is kept: it gives no right.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from twinhub_api.runner.runs import Target
from twinhub_kit.errors import BusyError

from twinhub_runner.folders import remove_folder

if TYPE_CHECKING:
    from twinhub_runner.runner import Runner

_END_SECONDS = 30.0
_PAUSE_SECONDS = 0.05


def forget_person(runner: Runner, name: str) -> None:
    """Kill what a user runs, and forget all of it; to be repeated if it fails.

    Raises:
        BusyError: a run of theirs does not end.
    """
    deadline = time.monotonic() + _END_SECONDS
    while under_way := [row for row in runner.table.list_of(name) if row.ended_at is None]:
        if time.monotonic() > deadline:
            raise BusyError(f"The run {under_way[0].id} of {name} does not end: repeat this later.")
        for row in under_way:
            runner.table.aim(row.id, Target.KILL, name)
        runner.scheduler.wake()
        time.sleep(_PAUSE_SECONDS)
    runner.secrets.table.remove_of(name)
    rows = runner.table.list_of(name)
    for row in rows:
        for folder in runner.places.folders_of(row):
            remove_folder(folder)
        if row.copy:
            runner.workshop.forget(row.copy)
    runner.table.remove([row.id for row in rows])
