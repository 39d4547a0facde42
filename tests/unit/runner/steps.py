"""A runner that takes a step when a test says so, over a back end without sandboxes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from starlette.testclient import TestClient
from twinhub_api.runner.runs import Submission
from twinhub_api.scopes import ADMIN
from twinhub_kit.callers import Caller, TableIdentity
from twinhub_kit.database import Database
from twinhub_runner.main import make_runner_application
from twinhub_runner.runner import make_runner
from twinhub_runner.settings import RunnerSettings
from twinhub_runner.store.base import Base

from tests.fixtures.faulty_backends import GoodBackend
from tests.unit.runner.crashes.service import AT_ONCE, Inline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_runner.environments.base import Maker
    from twinhub_runner.runner import Runner
    from twinhub_runner.store.rows import RunRow

ALICE = Caller("alice")


@dataclass
class Stepping:
    """A runner with one twin of alice's."""

    runner: Runner
    backend: GoodBackend = field(default_factory=GoodBackend)

    def submit(self, **asked: object) -> str:
        """Ask for a run, and return its id."""
        given = Submission.model_validate({"twin": "tank", **asked})
        return self.runner.submit(ALICE, given)[0].id

    def steps(self, count: int = 3) -> None:
        """Have the runner do what is to be done."""
        for _ in range(count):
            self.runner.scheduler.wake()
            self.runner.scheduler.turn(Inline())

    def row(self, run: str) -> RunRow:
        """Return a run as it is."""
        found = self.runner.table.find(run)
        assert found is not None
        return found

    def whats(self, run: str) -> list[str]:
        """Return what has happened to a run."""
        return [one.what for one in self.runner.table.events(run, after=0, limit=100)]


@contextmanager
def stepping(
    folder: Path, twin: str, maker: Maker | None = None, **settings: object
) -> Iterator[Stepping]:
    """Have a runner whose only twin is alice's ``tank``."""
    place = folder / "assets/alice/digital_twins/tank"
    place.mkdir(parents=True)
    (place / "twin.yaml").write_text(twin)
    made = replace(RunnerSettings(folder / "assets", folder), **settings)  # type: ignore[arg-type]
    database, backend = Database(made.database), GoodBackend()
    database.make_tables(Base)
    try:
        yield Stepping(make_runner(made, database, backend, AT_ONCE, maker), backend)
    finally:
        database.close()


@contextmanager
def asking(runner: Runner) -> Iterator[TestClient]:
    """Ask as alice; or as bob or root, who administers, with a token of that name."""
    root = Caller("root", scopes=frozenset({ADMIN}))
    identity = TableIdentity({"alice": ALICE, "bob": Caller("bob"), "root": root})
    headers = {"Authorization": "token alice"}
    with TestClient(make_runner_application(runner, identity), headers=headers) as client:
        yield client
