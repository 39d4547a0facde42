"""Environments are made once for all that wait, again after a crash, and go in the end."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_runner.backends.base import BackendError
from twinhub_runner.copies.copies import Copies
from twinhub_runner.environments.base import NotMadeError, Wanted
from twinhub_runner.environments.building import Environments
from twinhub_runner.environments.wanted import GUESSED, Allowed
from twinhub_runner.plans import ENVIRONMENT
from twinhub_runner.store.rows import RunRow

from tests.fixtures.makers import Maker
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 10
_DAY = 86_400.0


class Bench:
    """Runs that need an environment, and who makes it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.maker = folder, Maker()
        self.environments = self.another()

    def another(self) -> Environments:
        """Return one that knows nothing of the first, as after a crash."""
        allowed = Allowed(system=("graphviz",), keep_seconds=30 * _DAY)
        copies = Copies(self.folder, self.folder / "copies")
        return Environments(self.maker, allowed, self.folder, copies, self.folder / "used")

    def ensure(self, run: str, owner: str = "alice", /, **plan: Any) -> str | None:  # noqa: ANN401 - JSON
        """Ask for the environment of a run."""
        row = RunRow(id=run, twin="alice/digital_twins/tank", owner=owner, copy="")
        row.plan = {ENVIRONMENT: {"packages": ["numpy"]}, **plan}
        return self.environments.ensure(row, self.folder / run)

    def wait_for(self, run: str, owner: str = "alice", /, **plan: Any) -> str:  # noqa: ANN401 - JSON
        """Return the address of what a run waits for."""
        found: list[str] = []

        def is_there() -> bool:
            address = self.ensure(run, owner, **plan)
            found.extend([] if address is None else [address])
            return bool(found)

        wait_for(is_there, seconds=_SECONDS, what="an environment")
        return found[0]

    def lines(self, run: str) -> list[str]:
        """Return what the log of a run has of its environment."""
        text = "".join(one.read_text() for one in sorted((self.folder / run / "log").iterdir()))
        return [line.split("\t")[3] for line in text.splitlines()]


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_several_runs_wait_for_one_build_and_each_is_told_all_of_it(bench: Bench) -> None:
    assert bench.ensure("one") is None
    wait_for(lambda: bench.maker.asked, seconds=_SECONDS, what="a build")
    assert bench.ensure("two") is None
    bench.maker.may_end.set()
    assert bench.wait_for("one") == bench.wait_for("two")
    assert bench.maker.asked == [Wanted(("numpy",))]
    for run in ("one", "two"):
        first, second, last = bench.lines(run)
        assert (first, second) == ("environment: numpy", "begun")
        assert last.startswith("environment: ready after")
    assert bench.ensure("three") in bench.maker.made


@pytest.mark.d4(43)
def test_builds_of_one_person_follow_one_another_and_hold_up_nobody_else(bench: Bench) -> None:
    for number in range(5):
        packages = {"packages": [f"greedy{number}"]}
        assert bench.ensure(f"greedy{number}", "greedy", **{ENVIRONMENT: packages}) is None
    assert bench.ensure("modest", "modest") is None
    wait_for(
        lambda: Wanted(("numpy",)) in bench.maker.asked, seconds=_SECONDS, what="the other's build"
    )
    for number in range(5):
        bench.environments.leave(f"greedy{number}")
    bench.maker.may_end.set()
    assert bench.wait_for("modest", "modest")


def test_a_runner_that_was_killed_meanwhile_has_it_made_again(bench: Bench) -> None:
    assert bench.ensure("one") is None
    wait_for(lambda: bench.maker.asked, seconds=_SECONDS, what="a build")
    bench.environments.close()
    bench.environments = bench.another()
    bench.maker.may_end.set()
    assert bench.wait_for("one") in bench.maker.made
    assert len(bench.maker.asked) == 2


def test_a_build_that_was_cut_off_is_begun_anew(bench: Bench) -> None:
    bench.maker.may_end.set()
    bench.maker.fault = BackendError("Docker does not answer")
    with pytest.raises(BackendError):
        bench.wait_for("one")
    bench.maker.fault = None
    assert bench.wait_for("one") in bench.maker.made


def test_what_nobody_waits_for_is_given_up_and_begun_anew_for_the_next(bench: Bench) -> None:
    assert bench.ensure("one") is None
    wait_for(lambda: bench.maker.asked, seconds=_SECONDS, what="a build")
    bench.environments.leave("one")
    wait_for(lambda: bench.ensure("two") is None and len(bench.maker.asked) == 2,
             seconds=_SECONDS, what="another build")  # fmt: skip
    bench.maker.may_end.set()
    assert bench.wait_for("two") in bench.maker.made


def test_a_failure_is_told_with_what_to_do_and_tried_again_for_the_next_run(bench: Bench) -> None:
    bench.maker.may_end.set()
    bench.maker.fault = NotMadeError("the command returned 1")
    with pytest.raises(
        NotMadeError, match=r"cannot be built: the command returned 1\.\n  .*\n  begun"
    ):
        bench.wait_for("one")
    bench.maker.fault = None
    assert bench.wait_for("two") in bench.maker.made


def test_a_guess_that_fails_lets_the_run_go_on_and_is_not_tried_at_each_phase(bench: Bench) -> None:
    bench.maker.may_end.set()
    bench.maker.fault = NotMadeError("no such package")
    guess = {GUESSED: True}
    assert bench.wait_for("one", **guess) == ""
    assert bench.lines("one")[-1].startswith("What a folder seems to need is a guess")
    assert bench.ensure("two", **guess) == ""
    assert any("no such package" in line for line in bench.lines("two"))
    assert len(bench.maker.asked) == 1


def test_what_is_old_and_not_needed_is_collected(bench: Bench) -> None:
    bench.maker.made = {"old", "needed", "new", "unknown", "running"}
    bench.maker.used = {"running"}
    for name in ("old", "needed", "new", "running"):
        bench.environments.note_use(name)
        if name != "new":
            age(bench.folder / "used" / name)
    bench.environments.collect({"needed"})
    assert bench.maker.made == {"needed", "new", "unknown", "running"}


def age(file: Path) -> None:
    """Have a file be a month old."""
    then = time.time() - 31 * _DAY
    os.utime(file, (then, then))
