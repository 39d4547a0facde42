"""A run waits for its turn, but not for ever; for an earlier phase as long as that takes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from twinhub_api.runner.runs import Status, Submission
from twinhub_runner.queueing import Caps

from tests.fixtures.waiting import wait_for
from tests.unit.runner.steps import ALICE, stepping

if TYPE_CHECKING:
    from pathlib import Path

TWIN = "format: 1\nname: tank\nphases: {execute: {command: run}, clean: {command: run}}\n"
_SHORT = 0.05


def test_what_waits_for_its_turn_for_too_long_has_failed(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN, caps=Caps(each_user=1, wait_seconds=_SHORT)) as there:
        first = there.submit()
        there.steps()
        assert there.row(first).status == Status.RUNNING
        second = there.submit()

        def has_ended() -> bool:
            there.steps(1)
            return there.row(second).ended_at is not None

        wait_for(has_ended, seconds=20, what="its end")
        row = there.row(second)
        assert (row.status, "runner.wait_hours" in row.reason) == (Status.FAILED, True)
        assert there.row(first).status == Status.RUNNING


def test_the_time_before_an_earlier_phase_has_ended_does_not_count(tmp_path: Path) -> None:
    caps = Caps(wait_seconds=_SHORT)
    with stepping(tmp_path, TWIN, caps=caps) as there:
        runs = there.runner.submit(ALICE, Submission(twin="tank", phases=("execute", "clean")))
        there.steps()
        begun = time.monotonic()
        wait_for(lambda: time.monotonic() - begun > 3 * _SHORT, seconds=20, what="the wait limit")
        there.steps()
        assert there.row(runs[1].id).status == Status.WAITING
