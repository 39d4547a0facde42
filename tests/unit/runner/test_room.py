"""Room on the disk: what asks before it begins, and what has written more than it may."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_api.runner.runs import Status
from twinhub_kit.callers import Caller
from twinhub_runner.backends.base import Limits, SandboxState, Seen
from twinhub_runner.errors import BadSubmissionError, NoRunError, NotAskingError
from twinhub_runner.room import end_runs_that_write_too_much, measure

from tests.unit.runner.steps import ALICE, Stepping, stepping

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
MORE_THAN_THERE_IS = 1 << 60
TWIN = """\
format: 1
name: tank
phases:
  execute: {command: run, retries: 2}
"""
SMALL = TWIN + "resources: {disk: 1M}\n"


def test_with_little_room_runs_ask_and_begin_only_when_somebody_says_so(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN, least_free=MORE_THAN_THERE_IS) as there:
        first, second = there.submit(), there.submit()
        there.steps()
        row = there.row(first)
        assert (row.status, row.is_asking) == (Status.WAITING, True)
        assert f"twin continue {first}" in row.reason
        assert "are left on the disk" in row.reason
        with pytest.raises(NoRunError):
            there.runner.go_on(Caller("bob"), first)
        assert not there.runner.go_on(ALICE, first).is_asking
        there.steps()
        assert there.row(first).status == Status.RUNNING
        assert there.row(second).status == Status.WAITING
        assert there.whats(first).count("asks") == 1
        with pytest.raises(NotAskingError, match="does not ask"):
            there.runner.go_on(ALICE, first)


def test_a_run_that_asks_can_be_stopped_and_begins_by_itself_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage: Any = shutil.disk_usage(tmp_path)
    with stepping(tmp_path, TWIN, least_free=usage.free + (1 << 40)) as there:
        stopped, kept = there.submit(), there.submit()
        there.steps()
        there.runner.aim(ALICE, stopped, there.row(stopped).as_wire().target.STOP)
        there.steps()
        assert (there.row(stopped).status, there.row(stopped).is_asking) == ("stopped", False)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1 << 60))
        there.steps()
        assert (there.row(kept).status, there.row(kept).is_asking) == ("running", False)


def write(there: Stepping, run: str, size: int, place: str = "twin") -> None:
    """Have a run write into its working copy, or into its own folder."""
    row = there.row(run)
    copy = there.runner.workshop.copies.folder / row.copy
    folder = copy / "twin" if place == "twin" else there.runner.places.of(row).outside
    (folder / "big").write_bytes(os.urandom(size))
    end_runs_that_write_too_much(there.runner, {})


@pytest.mark.parametrize("place", ["twin", "log"])
def test_what_writes_more_than_it_may_has_failed_with_figure_and_key(
    tmp_path: Path, place: str
) -> None:
    with stepping(tmp_path, SMALL) as there:
        (tmp_path / "assets/alice/digital_twins/tank/given").write_bytes(os.urandom(3 * MIB))
        run = there.submit()
        there.steps()
        write(there, run, MIB // 2, place)
        there.steps()
        assert there.row(run).status == Status.RUNNING
        write(there, run, 2 * MIB, place)
        there.steps()
        row = there.row(run)
        assert (row.status, row.attempt) == (Status.FAILED, 1)
        assert row.reason.startswith("It has written 2")
        assert row.reason.endswith(
            "more than the 1.0 MiB that it has: raise resources.disk in its twin.yaml."
        )
        assert there.backend.sandboxes == {}


def test_the_site_limits_what_a_run_writes_and_what_a_twin_can_ask_for(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN, limits=Limits(disk_bytes=MIB)) as there:
        run = there.submit()
        assert there.row(run).plan["file_bytes"] == 64 * MIB
        there.steps()
        write(there, run, 2 * MIB)
        there.steps()
        assert "an administrator can raise runner.disk" in there.row(run).reason
    with (
        stepping(tmp_path / "other", SMALL, limits=Limits(disk_bytes=MIB // 2)) as there,
        pytest.raises(BadSubmissionError, match=r"at most 512K: see resources\.disk"),
    ):
        there.submit()


def test_one_file_that_is_too_large_is_told_by_the_signal_of_the_kernel(tmp_path: Path) -> None:
    with stepping(tmp_path, SMALL.replace(", retries: 2", "")) as there:
        run = there.submit()
        there.steps()
        there.backend.sandboxes[f"{run}-1"] = Seen(SandboxState.ENDED, 128 + 25, "ended")
        there.steps()
        assert there.row(run).status == Status.FAILED
        assert there.row(run).reason.startswith("One file of it was more than the 64.0 MiB")


def test_what_ended_well_meanwhile_has_succeeded(tmp_path: Path) -> None:
    with stepping(tmp_path, SMALL) as there:
        run = there.submit()
        there.steps()
        write(there, run, 2 * MIB)
        there.backend.sandboxes[f"{run}-1"] = Seen(SandboxState.ENDED, 0, "ended")
        there.steps()
        assert there.row(run).status == Status.SUCCEEDED


def test_links_and_holes_take_no_room(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(os.urandom(MIB))
    (tmp_path / "again").hardlink_to(tmp_path / "file")
    (tmp_path / "link").symlink_to("/")
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(1 << 40)
    assert MIB <= measure(tmp_path) < 2 * MIB


def test_a_run_with_many_files_is_measured_less_often(tmp_path: Path) -> None:
    with stepping(tmp_path, SMALL) as there:
        run = there.submit()
        there.steps()
        due: dict[str, float] = {}
        end_runs_that_write_too_much(there.runner, due)
        assert set(due) == {run}
        due[run] += 1000
        (there.runner.places.of(there.row(run)).outside / "big").write_bytes(os.urandom(2 * MIB))
        end_runs_that_write_too_much(there.runner, due)
        assert there.row(run).verdict == ""
        due[run] = 0.0
        end_runs_that_write_too_much(there.runner, due)
        assert there.row(run).verdict
        there.steps()
        end_runs_that_write_too_much(there.runner, due)
        assert due == {}


def test_name_that_is_no_text_hinders_no_reason(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there:
        os.mkfifo(os.fsdecode(bytes(tmp_path / "assets/alice/digital_twins/tank/") + b"/\xff"))
        run = there.submit()
        there.steps()
        row = there.row(run)
        assert row.status == Status.FAILED
        assert row.reason.startswith("\\udcff is no file with content")
