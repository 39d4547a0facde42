"""The runner falls over after each commit and before and after each call of its back end.

The sweep goes over all points of some loads; `make test-long` over 10,000 of them.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.unit.runner.crashes.service import Service

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE, ALL = 24, 10_000
_STEP = 31
"""Of the sample's points; the load's are not a multiple of it."""


@pytest.mark.heavy  # a database each
@pytest.mark.d4(38)
@pytest.mark.d4(39)
def test_no_crash_loses_a_run_runs_it_twice_or_leaves_something_behind(tmp_path: Path) -> None:
    assert sweep(tmp_path, SAMPLE, step=_STEP) == SAMPLE


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_none_of_10000_crashes_does(tmp_path: Path) -> None:
    assert sweep(tmp_path, ALL, step=1) == ALL


def sweep(folder: Path, count: int, *, step: int) -> int:
    """Play loads with a crash at each point of them; return at how many."""
    done, seed = 0, 0
    while done < count:
        seed += 1
        points, _ = play(folder / f"{seed}", seed)
        for at in range(1, points + 1, step):
            if done == count:
                break
            _, crashes = play(folder / f"{seed}-{at}", seed, crash_at=at)
            assert crashes == 1
            done += 1
    return done


def play(folder: Path, seed: int, crash_at: int | None = None) -> tuple[int, int]:
    """Play a load and find fault with it; return its points and its crashes."""
    service = Service(folder, seed, crash_at)
    try:
        service.play()
        service.check()
        return service.points, service.crashes
    finally:
        service.close()
        shutil.rmtree(folder)
