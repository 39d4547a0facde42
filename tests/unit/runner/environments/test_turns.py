"""Whoever waits for software holds up no run that could begin, and passes no cap afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_api.runner.runs import Status, Submission, Target
from twinhub_runner.queueing import MOST_BUILDING, Caps

from tests.fixtures.makers import Maker
from tests.fixtures.waiting import wait_for
from tests.unit.runner.steps import ALICE, Stepping, stepping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TWIN = """\
format: 1
name: tank
environment: {packages: [numpy]}
phases: {execute: {command: run}}
"""
_PLAIN = "format: 1\nname: plain\nphases: {execute: {command: run}}\n"
_SECONDS = 20


@pytest.fixture(name="maker")
def _maker() -> Maker:
    return Maker()


@pytest.fixture(name="there")
def _there(tmp_path: Path, maker: Maker) -> Iterator[Stepping]:
    with stepping(tmp_path, _TWIN, maker, caps=Caps(all=5, each_user=1)) as there:
        add_twin(tmp_path, "plain", _PLAIN)
        yield there
        there.runner.environments.close()


def add_twin(folder: Path, name: str, text: str) -> None:
    """Have alice have another twin."""
    place = folder / "assets/alice/digital_twins" / name
    place.mkdir()
    (place / "twin.yaml").write_text(text)


def submit(there: Stepping, twin: str) -> str:
    """Ask for a run of one of the twins."""
    return there.runner.submit(ALICE, Submission(twin=twin))[0].id


def has(there: Stepping, run: str, reason: str) -> bool:
    """Take a step, and return whether the reason of a run begins so."""
    there.steps(1)
    return there.row(run).reason.startswith(reason)


def test_a_run_begins_while_another_waits_for_its_software_which_then_has_its_turn(
    there: Stepping, maker: Maker
) -> None:
    waits, plain = submit(there, "tank"), submit(there, "plain")
    there.steps(5)
    assert there.row(waits).status == Status.PREPARING
    assert there.row(plain).status == Status.RUNNING

    maker.may_end.set()
    wait_for(lambda: has(there, waits, "1 runs of yours are under way"),
             seconds=_SECONDS, what="its turn")  # fmt: skip
    there.steps(5)
    assert there.row(waits).status == Status.PREPARING, "the cap holds"
    assert there.whats(waits).count("built") == 1

    there.runner.aim(ALICE, plain, Target.KILL)
    there.steps(5)
    assert there.row(waits).status == Status.RUNNING
    assert there.backend.specs[-1].environment in maker.made
    assert len(maker.asked) == 1


def test_what_waits_for_its_software_keeps_its_copy_from_others(there: Stepping) -> None:
    first, second = submit(there, "tank"), submit(there, "tank")
    there.steps(5)
    assert there.row(first).status == Status.PREPARING
    assert there.row(second).status == Status.WAITING
    assert f"used by the run {first}" in there.row(second).reason


def test_what_waits_for_its_turn_can_be_stopped(there: Stepping, maker: Maker) -> None:
    waits, _ = submit(there, "tank"), submit(there, "plain")
    maker.may_end.set()
    wait_for(lambda: has(there, waits, "1 runs of yours are under way"),
             seconds=_SECONDS, what="its turn")  # fmt: skip
    there.runner.aim(ALICE, waits, Target.STOP)
    there.steps(5)
    assert there.row(waits).status == Status.STOPPED


@pytest.mark.heavy
def test_of_one_person_only_some_wait_for_software(there: Stepping, tmp_path: Path) -> None:
    for at in range(MOST_BUILDING + 1):
        add_twin(tmp_path, f"twin{at}", _TWIN.replace("numpy", f"numpy=={at}"))
    *others, last = [submit(there, f"twin{at}") for at in range(MOST_BUILDING + 1)]
    there.steps(2 * MOST_BUILDING + 4)
    assert {there.row(run).status for run in others} == {Status.PREPARING}
    assert there.row(last).status == Status.WAITING
    assert "wait for their software" in there.row(last).reason
