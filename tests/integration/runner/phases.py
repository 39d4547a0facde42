"""Sample twins and folders as DTaaS has them through all of their phases, whatever they run in.

The tests of this module are collected where there is an installation: with an engine and without.
Each of them has ``owner``, somebody in whose area the folders are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixtures.runs import Runs

HEATED_TANK = "common/digital_twins/heated-tank"


@dataclass(frozen=True)
class Person:
    """Somebody, by the runner's interface and by the terminal of a workspace."""

    runs: Runs
    shell: Callable[[str], tuple[int, str]]
    """Runs a command in the workspace; returns its status and all that it has printed."""


def must_succeed(runs: Runs, twin: str, *phases: str) -> list[str]:
    """Run phases, all of which have to succeed; return what the last one has printed."""
    run = runs.submit(twin, *phases)
    for one in runs.chain(run):
        ended = runs.wait(one)
        assert ended["status"] == "succeeded", (ended, runs.lines(one))
        run = one
    return runs.lines(run)


def test_the_sample_twin_runs_through_its_phases(owner: Person) -> None:
    phases = ("create", "execute", "analyse", "terminate", "clean")
    must_succeed(owner.runs, HEATED_TANK, *phases)


def test_a_chain_of_scripts_runs_by_the_command_and_leaves_nothing(owner: Person) -> None:
    status, said = owner.shell("twin run plain create execute save analyse terminate clean")
    assert status == 0, said
    for line in ("created", "executed", "saved", "nothing to end", "cleaned"):
        assert line in said.splitlines()


@pytest.mark.parametrize(
    ("twin", "phases", "line"),
    [
        ("smallest", ("execute",), ""),
        ("processes", ("create", "execute", "clean"), ""),
        ("live-service", ("execute",), "up"),
    ],
)
def test_samples_of_the_language_run(
    owner: Person, twin: str, phases: tuple[str, ...], line: str
) -> None:
    if not line:
        must_succeed(owner.runs, twin, *phases)
        return
    run = owner.runs.submit(twin, *phases)
    assert owner.runs.wait(run, "running")["status"] == "running"
    owner.runs.aim(run, "stop")
    assert owner.runs.wait(run)["status"] == "stopped"


def test_a_daemon_of_create_is_used_and_ended_by_name_inside_its_run(owner: Person) -> None:
    runs = owner.runs
    run = runs.submit("daemon", "create", "execute")
    runs.wait_for_background(run)
    execute = runs.chain(run)[1]

    def says_why() -> bool:
        return f"twin command {run} execute" in runs.get(execute)["reason"]

    wait_for(says_why, seconds=10, what="the next phase says what it waits for")
    assert runs.tell(run, "execute") == 0
    assert runs.lines(run, "execute") == ["answered 200"]
    assert runs.tell(run, "clean") == 0
    assert runs.wait(run)["status"] == "succeeded"
    runs.aim(execute, "stop")


def test_servers_in_the_background_go_on_and_clean_ends_them_by_name(owner: Person) -> None:
    runs = owner.runs
    run = runs.submit("servers")
    runs.wait_for_background(run)
    assert "answered 200" in runs.lines(run)
    refused = runs.ask("servers", "clean")
    assert refused.status_code == 409
    assert f"twin command {run} clean" in refused.text
    status, said = owner.shell("twin run servers clean")
    assert status == 0, said
    assert "cleaned" in said
    assert runs.wait(run)["status"] == "succeeded"
    assert must_succeed(runs, "servers", "clean") == ["cleaned"]


def test_an_endless_execute_is_stopped_by_its_own_terminate(owner: Person) -> None:
    runs = owner.runs
    status, run = owner.shell("twin run --detach endless")
    assert status == 0, run
    run = run.strip()
    runs.wait_for_line(run, "tick")
    waiting = runs.submit("endless", "clean")
    status, said = owner.shell("twin run endless terminate")
    assert status == 0, said
    ended = runs.wait(run)
    assert (ended["status"], ended["reason"]) == ("stopped", "It was ended by its phase terminate.")
    assert runs.wait(waiting)["status"] == "succeeded"


def test_a_question_on_the_terminal_is_answered_by_nothing_and_seen_in_the_log(
    owner: Person,
) -> None:
    status, said = owner.shell("twin run asking")
    assert status == 1
    assert "Overwrite the results (y/n)?" in said


def test_a_failure_that_tee_hides_is_told_and_in_the_log(owner: Person) -> None:
    run = owner.runs.submit("piped")
    ended = owner.runs.wait(run)
    assert ended["exit_code"] == 0
    assert "tee has hidden it" in ended["reason"]
    assert owner.runs.lines(run) == ["step 1", "no convergence"]


def test_sudo_apt_get_finds_what_was_built_in_or_names_the_line_to_add(owner: Person) -> None:
    run = owner.runs.submit("installing", "create")
    ended, lines = owner.runs.wait(run), owner.runs.lines(run)
    built = owner.runs.lines(run, "environment")
    if ended["status"] == "succeeded":
        assert "tree is there" in lines
        assert any("Setting up tree" in line for line in built)
        return
    assert ended["exit_code"] == 100, (ended, lines, built)  # nothing is built in without an engine
    assert lines[-1] == "environment: {system: [tree]}"


def test_a_twin_has_what_it_asks_for_and_builds_made_once(owner: Person) -> None:
    expected = ["1", "/opt/twin/bin/python", "coreutils is there"]
    for times in range(2):
        run = owner.runs.submit("software")
        ended, lines = owner.runs.wait(run), owner.runs.lines(run)
        assert ended["status"] == "succeeded", (ended, owner.runs.lines(run, "environment"))
        assert lines[:3] == expected
        assert lines[-2:] == ["environment: {system: [no-such-package]}", "status 100"]
        assert bool(owner.runs.lines(run, "environment")) == (times == 0)
        assert owner.runs.lines(run, "build-made") == (["building"] if times == 0 else [])
