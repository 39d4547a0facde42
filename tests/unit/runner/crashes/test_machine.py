"""Any order of asking, stopping, time that passes, retries and crashes, as Hypothesis finds it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from twinhub_api.runner.runs import Target

from tests.unit.runner.crashes.service import CAPS, Service

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE, ALL = 12, 400
_STEPS = 25


class People(RuleBasedStateMachine):
    """A runner, and people who ask for things whenever they like."""

    runs: Bundle[str] = Bundle("runs")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        self.service = Service(self.folder, 11)

    @rule(target=runs)
    def submit(self) -> MultipleResults[str]:
        """Ask for some phases."""
        return multiple(*self.service.submit())

    @rule(run=runs, wanted=st.sampled_from([Target.STOP, Target.KILL]))
    def aim(self, run: str, wanted: Target) -> None:
        """Have a run end, also one that has ended."""
        self.service.aim(run, wanted)

    @rule(run=runs)
    def ask_for_the_same_again(self, run: str) -> None:
        """Ask once more with the key of an earlier request."""
        self.service.submit_again(run)

    @rule()
    def turn(self) -> None:
        """Let the runner do what is to be done."""
        self.service.turn()

    @rule()
    def tick(self) -> None:
        """Let time pass in the sandboxes and in what is being built."""
        self.service.tick()

    @rule(after=st.integers(1, 12))
    def crash(self, after: int) -> None:
        """Have the runner fall over at one of its next commits and calls."""
        self.service.crash_after(after)

    @invariant()
    def caps_hold(self) -> None:
        """Never more than allowed, of anybody, of any twin."""
        going_on = [one for one in self.service.rows() if not one.ended_at and one.started_at]
        assert len(going_on) <= (CAPS.all or 0)
        assert not self.service.model.faults

    def teardown(self) -> None:
        """Let all come to its end, and find fault with the history."""
        try:
            self.service.settle()
            self.service.check()
        finally:
            self.service.close()
            shutil.rmtree(self.folder)


def play(examples: int) -> None:
    """Have Hypothesis look for an order that breaks something."""
    run: Callable[..., None] = run_state_machine_as_test
    run(
        People,
        settings=settings(
            max_examples=examples, stateful_step_count=_STEPS, deadline=None,
            suppress_health_check=list(HealthCheck), derandomize=True,
        ),
    )  # fmt: skip


@pytest.mark.heavy  # a database each
@pytest.mark.d4(38)
@pytest.mark.d4(47)
def test_no_order_of_things_loses_a_run_or_runs_it_twice() -> None:
    play(SAMPLE)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_none_of_hundreds_of_orders_does() -> None:
    play(ALL)
