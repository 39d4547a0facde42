"""Run by `test_engine_killed.py` in a network namespace: its engine is killed under a run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from twinhub_runner.backends.base import BackendError, SandboxState, Seen

from tests.fixtures.sandboxes import ONE, SECONDS, open_bench
from tests.fixtures.waiting import wait_for
from tests.integration.kills.inside import running_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.sandboxes import Bench
    from tests.integration.kills.inside import Engine

_LIVE_RESTORE = os.environ["TWINHUB_TEST_LIVE_RESTORE"] == "with"
_SCRIPT = "touch up; until [ -e stop ]; do sleep 0.05; done; exit 9"


@pytest.fixture(name="engine", scope="module")
def _engine() -> Iterator[Engine]:
    with running_engine() as running:
        yield running


@pytest.fixture(name="bench")
def _bench(engine: Engine, tmp_path: Path) -> Iterator[Bench]:
    assert engine
    with open_bench("docker", tmp_path) as bench:
        yield bench


def begin(bench: Bench) -> None:
    """Have a sandbox run."""
    bench.start(ONE, _SCRIPT)
    wait_for((bench.work / "up").exists, seconds=SECONDS, what="it runs")


def test_while_the_engine_is_away_nobody_says_that_a_run_has_ended(
    engine: Engine, bench: Bench
) -> None:
    begin(bench)
    engine.pause()
    with pytest.raises(BackendError, match="Docker does not answer"):
        bench.backend.look(ONE)
    engine.start()
    bench.backend.look(ONE)


@pytest.mark.skipif(not _LIVE_RESTORE, reason="the engine stops all containers as it comes back")
def test_with_live_restore_a_run_goes_on_and_its_end_is_seen(engine: Engine, bench: Bench) -> None:
    begin(bench)
    engine.kill()
    assert bench.backend.look(ONE).state is SandboxState.RUNNING
    (bench.work / "stop").touch()
    assert bench.wait_for(ONE, SandboxState.ENDED) == Seen(SandboxState.ENDED, 9, "ended")


@pytest.mark.skipif(_LIVE_RESTORE, reason="the engine leaves containers running")
def test_without_live_restore_a_run_was_ended_from_outside(engine: Engine, bench: Bench) -> None:
    begin(bench)
    engine.kill()

    def find() -> Seen | None:
        seen = bench.backend.look(ONE)
        return seen if seen.state is not SandboxState.RUNNING else None

    seen = wait_for(find, seconds=SECONDS, what="it does not run")
    assert seen in (Seen(SandboxState.VANISHED), Seen(SandboxState.ENDED, 143, "stopped"))
