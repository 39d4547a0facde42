"""What may become of a run."""

from __future__ import annotations

import pytest
from twinhub_api.runner.runs import Status
from twinhub_runner.moves import LEGAL, IllegalMoveError, check_move


def test_each_status_has_its_moves_and_only_final_ones_have_none() -> None:
    assert set(LEGAL) == set(Status)
    assert {one for one in Status if not LEGAL[one]} == {one for one in Status if one.is_final}


def test_every_run_can_come_to_an_end() -> None:
    ends = {one for one in Status if one.is_final}
    while grown := {one for one in Status if LEGAL[one] & ends} - ends:
        ends |= grown
    assert ends == set(Status)


def test_what_has_ended_stays_so() -> None:
    with pytest.raises(IllegalMoveError, match="a run that is failed cannot become running"):
        check_move(Status.FAILED, Status.RUNNING)
