"""What a killed runner has left and is nobody's is gone at the next start, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_runner.leftovers import clear_leftovers
from twinhub_runner.runner import open_runner
from twinhub_runner.settings import RunnerSettings

from tests.fixtures.faulty_backends import GoodBackend
from tests.unit.runner.steps import stepping

if TYPE_CHECKING:
    from pathlib import Path

TWIN = "format: 1\nname: tank\nphases: {execute: {command: run}}\n"
UNKNOWN = "01jd9k7m2x3y4z5w6v7t"


def start_again(folder: Path) -> None:
    """Begin a runner where one was killed."""
    settings = RunnerSettings(folder / "assets", folder / "state")
    with open_runner(settings, GoodBackend()):
        pass


def test_what_was_unpacked_for_a_run_that_was_never_taken_in_is_gone(tmp_path: Path) -> None:
    runs = tmp_path / "assets/.runs"
    for name in (f"{UNKNOWN}-1/restored/state", "aside/x/state", "copies/x.new/twin"):
        (runs / name).mkdir(parents=True)
        (runs / name / "level").write_text("1")
    start_again(tmp_path)
    assert [one.name for one in runs.iterdir()] == ["copies"]
    assert not list((runs / "copies").iterdir())


def test_what_a_run_has_stays_also_where_the_database_knows_nothing_of_it(tmp_path: Path) -> None:
    with stepping(tmp_path, TWIN) as there:
        run = there.submit()
        restored = there.runner.places.of(there.row(run)).restored
        restored.mkdir(parents=True)
        clear_leftovers(there.runner.places, there.runner.workshop.copies, there.runner.table)
        assert restored.is_dir()
        there.steps()
    start_again(tmp_path)
    assert (tmp_path / f"assets/.runs/{run}-1/out").is_dir()
