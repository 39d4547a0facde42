"""Runs of people who have left, or a team, of groups that are gone, and of deleted users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from twinhub_api.runner.runs import Status, Target
from twinhub_kit.callers import Caller, TableIdentity
from twinhub_kit.errors import UnavailableError
from twinhub_runner.backends.process import ProcessBackend
from twinhub_runner.copies.copies import name_of_copy
from twinhub_runner.forgetting import forget_person
from twinhub_runner.leaving import (
    MOST_ASKED,
    end_runs_of_gone,
    end_runs_of_leavers,
    forget_gone_groups,
    watch_people,
)
from twinhub_runner.main import make_runner_application
from twinhub_runner.runner import open_runner
from twinhub_runner.settings import RunnerSettings
from twinhub_runner.store.rows import RunRow

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_runner.runner import Runner

MOUNTS = [{"source": "teams/pumps", "target": "/workspace/teams/pumps", "writable": True}]


@pytest.fixture(name="runner")
def _runner(tmp_path: Path) -> Iterator[Runner]:
    settings = RunnerSettings(tmp_path / "assets", tmp_path / "state")
    with open_runner(settings, ProcessBackend(settings.runs)) as runner:
        yield runner


def add(runner: Runner, name: str, **values: object) -> None:
    """Have a run of alice's that is under way."""
    given = {
        "owner": "alice", "status": Status.RUNNING.value, "groups": ["Pumps", "pumps"], **values,
    }  # fmt: skip
    row = RunRow(
        id=name, twin="alice/digital_twins/tank", phase="execute", target=Target.RUN.value,
        plan={}, mounts=[], requires={}, outputs=[], created_at=1.0,
    )  # fmt: skip
    for key, value in given.items():
        setattr(row, key, value)
    runner.table.add([row])


def targets(runner: Runner) -> dict[str, str]:
    """What is wanted of each run under way."""
    return {row.id: row.target for row in runner.table.list_open()}


@pytest.mark.d4(17)
def test_runs_with_a_teams_files_end_when_their_owner_is_not_in_it_any_more(
    runner: Runner,
) -> None:
    add(runner, "mounts", mounts=MOUNTS)
    add(runner, "twin", team="pumps")
    add(runner, "waits", team="pumps", status=Status.WAITING.value)
    add(runner, "own")
    add(runner, "bobs", owner="bob", team="pumps")
    asked = []

    def groups_of(name: str) -> set[str]:
        asked.append(name)
        return {"pumps"} if name == "bob" else {"others"}

    end_runs_of_leavers(runner, groups_of)
    assert targets(runner) == {
        "mounts": "kill", "twin": "kill", "waits": "kill", "own": "run", "bobs": "run",
    }  # fmt: skip
    assert asked == ["alice", "bob"]
    whys = [event.why for event in runner.table.events("twin", after=0, limit=10)]
    assert "alice is not in pumps any more." in whys


@pytest.mark.d4(8)
def test_all_runs_of_who_has_left_end_also_those_asked_for_meanwhile(runner: Runner) -> None:
    add(runner, "runs")
    add(runner, "waits", status=Status.WAITING.value)
    add(runner, "bobs", owner="bob")
    add(runner, "eves", owner="eve")

    def has_left(name: str) -> bool:
        if name == "bob":
            raise UnavailableError("no answer")
        return name == "alice"

    end_runs_of_gone(runner, has_left, {})
    assert targets(runner) == {"runs": "kill", "waits": "kill", "bobs": "run", "eves": "run"}
    assert "alice has left." in [
        event.why for event in runner.table.events("runs", after=0, limit=9)
    ]
    add(runner, "later")
    end_runs_of_gone(runner, has_left, {})
    assert targets(runner)["later"] == "kill"


def test_of_many_people_the_hub_is_asked_in_turn(runner: Runner) -> None:
    for number in range(MOST_ASKED + 5):
        add(runner, f"run{number}", owner=f"user{number}")
    asked: list[str] = []

    def has_left(name: str) -> bool:
        asked.append(name)
        return name == "user0"

    turns: dict[str, float] = {}
    end_runs_of_gone(runner, has_left, turns)
    assert len(asked) == MOST_ASKED
    end_runs_of_gone(runner, has_left, turns)
    assert len(set(asked)) == MOST_ASKED + 5
    assert targets(runner)["run0"] == "kill"
    assert "user0" not in turns


def test_nothing_ends_while_nobody_says_who_is_in_a_team(runner: Runner) -> None:
    add(runner, "twin", team="pumps")

    def groups_of(_: str) -> set[str]:
        raise UnavailableError("no answer")

    end_runs_of_leavers(runner, groups_of)
    assert targets(runner) == {"twin": "run"}


@pytest.mark.d4(20)
def test_a_later_group_of_the_same_name_sees_no_run_of_the_earlier(runner: Runner) -> None:
    add(runner, "old", team="pumps")
    add(runner, "kept", team="valves", groups=["valves"])
    asked = []

    def has_group(name: str) -> bool:
        asked.append(name)
        return name != "pumps"

    forget_gone_groups(runner, has_group)
    assert sorted(asked) == ["pumps", "valves"]
    assert {row.id: row.team for row in runner.table.list_open()} == {"old": "", "kept": "valves"}


def test_of_a_deleted_user_no_run_and_no_folder_is_left(runner: Runner) -> None:
    add(
        runner, "gone", status=Status.FAILED.value, ended_at=2.0, attempt=2,
        copy=name_of_copy("alice", "alice/digital_twins/tank"),
    )  # fmt: skip
    add(runner, "bobs", owner="bob")
    folders = [runner.settings.runs / name for name in ("gone-1", "gone-2", "bobs-1")]
    for folder in folders:
        (folder / "out").mkdir(parents=True)
    copy = runner.settings.runs / "copies" / name_of_copy("alice", "alice/digital_twins/tank")
    (copy / "twin").mkdir(parents=True)
    forget_person(runner, "alice")
    forget_person(runner, "alice")
    assert runner.table.find("gone") is None
    assert runner.table.events("gone", after=0, limit=10) == []
    assert [folder.name for folder in folders if folder.exists()] == ["bobs-1"]
    assert not copy.exists()


@pytest.mark.heavy  # a real sandbox
@pytest.mark.d4(8)
def test_what_really_runs_of_who_has_left_is_gone_soon(tmp_path: Path) -> None:
    settings = RunnerSettings(tmp_path / "assets", tmp_path / "state")
    folder = settings.root / "alice/digital_twins/tank"
    folder.mkdir(parents=True)
    (folder / "twin.yaml").write_text(
        "format: 1\nname: tank\nphases: {execute: {command: sleep 600, live: true}}\n"
    )
    backend = ProcessBackend(settings.runs)
    with open_runner(settings, backend) as runner:
        watch_people(runner, lambda _: (tmp_path / "left").exists(), lambda _: (), lambda _: True)
        identity = TableIdentity({"token": Caller("alice")})
        application = make_runner_application(runner, identity)
        with TestClient(application, headers={"Authorization": "token token"}) as client:
            asked = {"twin": "tank", "phases": ["execute", "execute"]}
            runs = [one["id"] for one in client.post("/api/runs", json=asked).json()["runs"]]

            def statuses() -> list[str]:
                return [client.get(f"/api/runs/{run}").json()["status"] for run in runs]

            wait_for(lambda: statuses()[0] == "running", seconds=30, what="it runs")
            (tmp_path / "left").touch()
            wait_for(lambda: statuses() == ["stopped", "stopped"], seconds=30, what="its end")
        assert backend.list_names() == frozenset()
