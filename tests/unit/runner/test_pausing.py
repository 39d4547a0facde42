"""With little room on the disk what writes is paused and asks, and nothing else is."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from twinhub_api.runner.runs import Submission, Target
from twinhub_runner.pausing import LEAST_WRITTEN, hold_runs_that_write

from tests.unit.runner.steps import ALICE, Stepping, stepping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TWIN = "format: 1\nname: tank\nphases: {execute: {command: run}}\n"
LEAST_FREE = 1 << 30


class Disk:
    """A disk that has as much room as a test says."""

    def __init__(self, there: Stepping, usage: Any) -> None:  # noqa: ANN401 - as shutil has it
        self.there, self.usage, self.free = there, usage, 2 * LEAST_FREE
        self._seen: dict[str, tuple[float, int]] = {}
        self._written = 0

    def look(self) -> None:
        """Have the runner look at what is written."""
        self._seen = {run: (0.0, size) for run, (_, size) in self._seen.items()}
        hold_runs_that_write(self.there.runner, self._seen)

    def write(self, folder: Path, size: int = LEAST_WRITTEN) -> None:
        """Have something write."""
        self._written += 1
        (folder / f"written-{self._written}").write_bytes(os.urandom(size))

    def copy_of(self, run: str) -> Path:
        """Return where a run works."""
        copies = self.there.runner.workshop.copies
        found = copies.find(self.there.row(run).copy)
        assert found is not None
        return found.twin_folder

    def is_held(self, run: str) -> bool:
        """Return whether the agent of a run is told to hold it."""
        return (self.there.runner.places.of(self.there.row(run)).inside / "pause").exists()

    def begin(self, twin: str = "tank") -> str:
        """Have a run go on."""
        run = self.there.runner.submit(ALICE, Submission(twin=twin))[0].id
        self.there.steps(4)
        assert self.there.row(run).status == "running"
        return run

    def fill(self, run: str) -> None:
        """Have little room left, and a run write on."""
        self.free = LEAST_FREE - 1
        self.look()
        self.write(self.copy_of(run))
        self.look()
        assert self.is_held(run)


@pytest.fixture(name="disk")
def _disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    for name, files in {"other": {"twin.yaml": TWIN}, "plain": {"lifecycle/execute": "x"}}.items():
        for path, text in files.items():
            file = tmp_path / "assets/alice/digital_twins" / name / path
            file.parent.mkdir(parents=True)
            file.write_text(text)
            file.chmod(0o755)
    usage: Any = shutil.disk_usage(tmp_path)
    with stepping(tmp_path, TWIN, least_free=LEAST_FREE) as there:
        disk = Disk(there, usage)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=disk.free))
        yield disk


def test_a_run_that_writes_is_paused_until_there_is_room_and_another_goes_on(disk: Disk) -> None:
    writes, reads = disk.begin(), disk.begin("other")
    disk.write(disk.copy_of(writes))
    disk.look()
    assert not disk.is_held(writes), "there is room"
    disk.fill(writes)
    row = disk.there.row(writes)
    assert (row.status, row.is_asking) == ("running", True)
    assert "it is paused, and goes on when there is more room" in row.reason
    assert f"twin continue {writes}" in row.reason
    assert not disk.there.row(reads).is_asking
    disk.look()
    assert disk.there.whats(writes).count("asks") == 1

    disk.free = 2 * LEAST_FREE
    disk.look()
    assert (disk.there.row(writes).is_asking, disk.is_held(writes)) == (False, False)
    assert disk.there.row(writes).reason == ""


def test_what_somebody_has_continued_is_not_paused_again(disk: Disk) -> None:
    run = disk.begin()
    disk.fill(run)
    assert not disk.there.runner.go_on(ALICE, run).is_asking
    assert not disk.is_held(run)
    disk.write(disk.copy_of(run))
    disk.look()
    assert not disk.is_held(run)


def test_a_run_in_place_is_paused_for_what_it_writes_to_its_folder(disk: Disk) -> None:
    run, folder = disk.begin("plain"), disk.there.runner.settings.root / "alice/digital_twins/plain"
    disk.free = LEAST_FREE - 1
    disk.look()
    disk.write(folder, 1000)
    disk.look()
    assert not disk.is_held(run), "a little is let pass"
    disk.write(folder)
    disk.look()
    assert disk.is_held(run)


def test_what_is_paused_can_be_stopped_and_asks_no_more(disk: Disk) -> None:
    run = disk.begin()
    disk.fill(run)
    disk.there.runner.aim(ALICE, run, Target.STOP)
    disk.there.steps()
    assert (disk.there.row(run).status, disk.there.row(run).is_asking) == ("stopped", False)
    disk.look()
