"""A database that takes nothing for a while, such as on a full disk: runs go on when it does."""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from twinhub_api.runner.runs import Status, Submission
from twinhub_kit.callers import Caller
from twinhub_kit.database import Database
from twinhub_kit.errors import UnavailableError
from twinhub_runner.runner import make_runner
from twinhub_runner.scheduling import Pace
from twinhub_runner.settings import RunnerSettings
from twinhub_runner.store.base import Base

from tests.fixtures.waiting import wait_for
from tests.unit.runner.test_burst import Working

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

SECONDS = 30
_PACE = Pace(tick=0.01, look=0.01, idle=0.01, first_delay=0.01, longest_delay=0.02)


class Unwell(Database):
    """Refuses the next changes that are asked for."""

    refusals = 0

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session, or refuse."""
        if self.refusals:
            self.refusals -= 1
            raise UnavailableError("The database cannot be written right now.")
        with super().session() as session:
            yield session


@pytest.mark.d4(66)
def test_runs_go_on_by_themselves_when_the_database_can_be_written_again(tmp_path: Path) -> None:
    settings = RunnerSettings(tmp_path / "assets", tmp_path)
    place = settings.root / "ada" / "digital_twins" / "tank"
    place.mkdir(parents=True)
    (place / "twin.yaml").write_text("format: 1\nname: tank\nphases: {execute: {command: [run]}}\n")
    model = Working(7)
    with closing(Unwell(settings.database)) as database:
        database.make_tables(Base)
        runner = make_runner(settings, database, model, _PACE)
        run = runner.submit(Caller("ada"), Submission(twin="tank"))[0].id
        database.refusals = 12
        stopping = threading.Event()
        moving = threading.Thread(target=runner.scheduler.run, args=(stopping, 2))
        moving.start()

        def has_ended() -> bool:
            model.tick()
            row = runner.table.find(run)
            return row is not None and row.status == Status.SUCCEEDED

        try:
            wait_for(has_ended, seconds=SECONDS, what="its end")
        finally:
            stopping.set()
            moving.join()
    assert database.refusals == 0
