"""Runs that ended long ago, and working copies that nobody has used since."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from twinhub_runner.backends.base import SandboxState, Seen
from twinhub_runner.collecting import clear, clear_old, find_old
from twinhub_runner.store.runs import RUNNER

from tests.unit.runner.steps import Stepping, asking, stepping

if TYPE_CHECKING:
    from pathlib import Path

TWIN = """\
format: 1
name: tank
phases:
  create: make
  execute: {command: run, outputs: [made]}
"""
ENDED = Seen(SandboxState.ENDED, 0, "ended")
LATER = 1e12


def run_to_its_end(there: Stepping, phase: str = "execute") -> str:
    """Have a run that has ended, with something in its log."""
    run = there.submit(phases=[phase])
    there.steps()
    (there.runner.places.of(there.row(run)).outside / "log").write_bytes(b"x" * 100_000)
    there.backend.sandboxes[f"{run}-1"] = ENDED
    there.steps()
    assert there.row(run).ended_at is not None
    return run


def copy_of(there: Stepping, run: str) -> Path:
    """Return the working copy of a run."""
    return there.runner.workshop.copies.folder / there.row(run).copy


def test_log_and_results_of_old_runs_go_and_what_they_were_stays(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there:
        old = run_to_its_end(there)
        since = time.time()
        young = run_to_its_end(there)
        runner = there.runner
        assert [row.id for row in find_old(runner, since).runs] == [old]
        assert clear(runner, find_old(runner, since), RUNNER).runs == 1
        assert [one.name for one in runner.places.of(there.row(old)).folder.iterdir()] == [
            "copy.json"
        ]
        assert (runner.places.of(there.row(young)).outside / "log").exists()
        assert there.row(old).as_wire().is_cleared
        assert there.whats(old)[-1] == "cleared"
        assert copy_of(there, young).is_dir(), "it was used since"
        assert find_old(runner, since).runs == ()


def test_a_dry_run_tells_the_same_and_removes_nothing(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there:
        run = run_to_its_end(there)
        old = find_old(there.runner, LATER)
        told = clear(there.runner, old, RUNNER, is_dry=True)
        assert (told.runs, told.copies, told.items) == (1, 1, (run,))
        assert told.bytes >= 100_000
        assert (there.runner.places.of(there.row(run)).outside / "log").exists()
        assert clear(there.runner, old, RUNNER) == told
        assert not copy_of(there, run).exists()


def test_nothing_of_a_run_that_goes_on_or_waits_is_touched(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there:
        ended = run_to_its_end(there)
        old = find_old(there.runner, LATER)
        running, waiting = there.submit(), there.submit()
        there.steps()
        assert clear(there.runner, old, RUNNER).copies == 0
        assert copy_of(there, ended).is_dir()
        found = find_old(there.runner, LATER)
        assert (found.runs, found.copies) == ((), ())
        assert {there.row(running).status, there.row(waiting).status} == {"running", "waiting"}


def test_what_clearing_has_left_that_was_cut_off_goes_the_next_time(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there:
        run = run_to_its_end(there)
        copy = copy_of(there, run)
        there.runner.workshop.copies.put_aside(copy.name)
        assert not copy.exists()
        clear_old(there.runner, 1.0)
        assert list(copy.parent.iterdir()) == []


def test_a_copy_that_was_put_there_since_stays(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there:
        run = run_to_its_end(there)
        since = there.row(run).ended_at
        assert since is not None
        record = copy_of(there, run) / "copy.json"
        os.utime(record, (since + 100, since + 100))
        assert find_old(there.runner, since + 50).copies == ()
        assert find_old(there.runner, since + 200).copies == (copy_of(there, run).name,)


def test_the_next_run_of_a_twin_whose_copy_is_gone_makes_it_anew(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there:
        first = run_to_its_end(there, "create")
        before = there.row(first).copy_id
        clear_old(there.runner, -1)  # what is older than tomorrow
        assert not copy_of(there, first).exists()
        again = run_to_its_end(there)
        assert there.row(again).status == "succeeded"
        assert there.row(again).copy_id not in {None, before}


def test_people_see_and_clear_their_own_runs_alone(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there, asking(there.runner) as client:
        run = run_to_its_end(there)
        alice, bob = ({"Authorization": f"token {name}"} for name in ("alice", "bob"))
        used = client.get("/api/usage", headers=alice).json()
        assert (used["runs"], used["copies"], used["keep_days"]) == (1, 1, None)
        assert used["runs_bytes"] >= 100_000
        assert client.get("/api/usage", headers=bob).json()["runs"] == 0
        for who, count in ((bob, 0), (alice, 1)):
            done = client.post("/api/clearings", headers=who, json={"days": 0, "dry_run": False})
            assert (done.status_code, done.json()["runs"]) == (200, count)
        assert there.row(run).is_cleared
        used = client.get("/api/usage", headers=alice).json()
        assert (used["runs"], used["runs_bytes"], used["copies"]) == (0, 0, 0)


def test_an_administrator_sees_what_would_go_of_everybody(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there, asking(there.runner) as client:
        run = run_to_its_end(there)
        root, bob = ({"Authorization": f"token {name}"} for name in ("root", "bob"))
        asked = {"days": 0, "everybody": True}
        assert client.post("/api/clearings", headers=bob, json=asked).status_code == 403
        assert client.post("/api/clearings", headers=root, json=asked).json()["items"] == [run]
        assert not there.row(run).is_cleared


def test_what_a_twin_has_built_goes_when_no_run_has_had_it_for_long(tmp_path: Path) -> None:
    built = "build: {made: {command: make, inputs: [source], outputs: [made]}}\n"
    with stepping(tmp_path, TWIN + built) as there:
        run = run_to_its_end(there)
        kept = tmp_path / "assets/.runs/builds" / there.row(run).copy
        (tmp_path / "assets/.runs/builds/old.gone").mkdir()
        clear_old(there.runner, days=1)
        assert kept.is_dir()
        for folder in kept.parent.iterdir():
            os.utime(folder, (0, 0))
        clear_old(there.runner, days=1)
        assert list(kept.parent.iterdir()) == []
