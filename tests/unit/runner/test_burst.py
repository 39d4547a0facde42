"""500 runs asked for at once: caps hold at every moment, nobody starves, and it is soon over."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event
from twinhub_api.runner.runs import Status, Submission, Target
from twinhub_kit.callers import Caller
from twinhub_kit.database import Database
from twinhub_kit.errors import BusyError
from twinhub_runner.queueing import Caps
from twinhub_runner.runner import make_runner
from twinhub_runner.settings import RunnerSettings
from twinhub_runner.store.base import Base

from tests.unit.runner.crashes.model import Kind, Model, Sandbox
from tests.unit.runner.crashes.service import AT_ONCE, Inline, do_without_the_disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_runner.runner import Runner
    from twinhub_runner.store.rows import RunRow

pytestmark = pytest.mark.heavy  # a database with thousands of rows

GREEDY, MODEST = "greedy", tuple(f"user{number}" for number in range(10))
EACH, MANY, TWINS = 5, 450, 50
CAPS = Caps(all=20, each_user=8, groups={"class": 6})
MEMBERS = MODEST[:4]
_MOST_TURNS = 3000
_TWIN = "format: 1\nname: tank\nphases: {execute: {command: [run]}}\n"


class Working(Model):
    """All sandboxes work for a while."""

    def _get(self, name: str) -> Sandbox:
        if name not in self.sandboxes:
            self.sandboxes[name] = Sandbox(Kind.WORKS, self._random.randint(1, 4))
        return self.sandboxes[name]


@pytest.fixture(name="model")
def _model() -> Working:
    return Working(7)


@pytest.fixture(name="runner")
def _runner(tmp_path: Path, model: Working) -> Iterator[Runner]:
    settings = RunnerSettings(tmp_path / "assets", tmp_path, caps=CAPS)
    for user in (GREEDY, *MODEST):
        for number in range(TWINS if user == GREEDY else EACH):
            place = settings.root / user / "digital_twins" / f"tank{number}"
            place.mkdir(parents=True)
            (place / "twin.yaml").write_text(_TWIN)
    database = Database(settings.database)
    event.listen(database.engine, "connect", do_without_the_disk)
    database.make_tables(Base)
    yield make_runner(settings, database, model, AT_ONCE)
    database.close()


@pytest.mark.d4(43)
def test_caps_and_fairness_hold_under_500_runs_asked_for_at_once(
    runner: Runner, model: Working
) -> None:
    runs = _ask_for_all(runner)
    ended: list[str] = []
    before: list[RunRow] = []
    for _ in range(_MOST_TURNS):
        runner.scheduler.wake()
        runner.scheduler.turn(Inline())
        rows = runner.table.list_queue()
        _check_caps(rows)
        going_on = {row.id for row in rows}
        ended += [row.owner for row in before if row.id not in going_on]
        before = rows
        if not rows:
            break
        model.tick()
    assert Counter(ended) == {GREEDY: MANY} | dict.fromkeys(MODEST, EACH)
    last = max(at for at, owner in enumerate(ended) if owner != GREEDY)
    others = sum(owner == GREEDY for owner in ended[:last])
    assert others <= 2 * EACH * len(MODEST), "the greedy one was not before those who asked later"
    told = [len(runner.table.events(run, after=0, limit=1000)) for run in runs[::25]]
    assert max(told) <= 25, "what a run waits for is not written down again and again"


@pytest.mark.d4(43)
def test_who_has_very_many_runs_waiting_is_told_so_and_others_are_not(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twinhub_runner.store.runs.MOST_OPEN", 20)
    greedy, asked = Caller(GREEDY), Submission(twin="tank0", phases=("execute",) * 10)
    runner.submit(greedy, asked)
    known = runner.submit(greedy, asked.model_copy(update={"twin": "tank1"}))
    with pytest.raises(BusyError, match="20 runs that wait or go on"):
        runner.submit(greedy, Submission(twin="tank2"))
    assert runner.submit(Caller(MODEST[0]), Submission(twin="tank0"))
    for run in known:
        runner.aim(greedy, run.id, Target.KILL)
    runner.scheduler.turn(Inline())
    assert runner.submit(greedy, Submission(twin="tank2"))


def _ask_for_all(runner: Runner) -> list[str]:
    """Have the greedy one ask for 450 runs, and then ten others for five each."""
    asked = [(GREEDY, number % TWINS) for number in range(MANY)]
    asked += [(user, number) for user in MODEST for number in range(EACH)]

    def submit(one: tuple[str, int]) -> str:
        groups = frozenset({"class"} if one[0] in MEMBERS else ())
        return runner.submit(Caller(one[0], groups), Submission(twin=f"tank{one[1]}"))[0].id

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(submit, asked))


def _check_caps(rows: list[RunRow]) -> None:
    going_on = [row for row in rows if row.status != Status.WAITING]
    assert len(going_on) <= 20
    assert max(Counter(row.owner for row in going_on).values(), default=0) <= 8
    assert sum("class" in row.groups for row in going_on) <= 6
    keys = Counter(key for row in going_on for key in row.keys)
    assert max(keys.values(), default=0) <= 1
