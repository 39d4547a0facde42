"""Twins through their phases in containers, by their owner, their team, and by nobody else.

It stands here, as it asks the installation that the library's tests have.
"""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.hub_client import HubClient
from tests.fixtures.runs import Runs
from tests.fixtures.twin_folders import give_all, write_folders
from tests.integration.library.conftest import TEAM
from tests.integration.runner.phases import (  # noqa: F401 - tests
    Person,
    must_succeed,
    test_a_chain_of_scripts_runs_by_the_command_and_leaves_nothing,
    test_a_daemon_of_create_is_used_and_ended_by_name_inside_its_run,
    test_a_failure_that_tee_hides_is_told_and_in_the_log,
    test_a_question_on_the_terminal_is_answered_by_nothing_and_seen_in_the_log,
    test_a_twin_has_what_it_asks_for_and_builds_made_once,
    test_an_endless_execute_is_stopped_by_its_own_terminate,
    test_samples_of_the_language_run,
    test_servers_in_the_background_go_on_and_clean_ends_them_by_name,
    test_sudo_apt_get_finds_what_was_built_in_or_names_the_line_to_add,
    test_the_sample_twin_runs_through_its_phases,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.library.conftest import School

pytestmark = [pytest.mark.docker, pytest.mark.slow]

EXAMPLES = Path(__file__).parents[3] / "config" / "examples"
SAMPLES = ("smallest", "processes", "live-service")
_OF_TEAM = ("plain", "endless")


@pytest.fixture(scope="module", name="folders", autouse=True)
def _folders(school: School) -> Iterator[None]:
    """The folders in alice's area, and some in the team's."""
    alice, team = school.assets / "alice", school.assets / "teams" / TEAM
    write_folders(alice)
    write_folders(team, *_OF_TEAM)
    for name in SAMPLES:
        shutil.copytree(EXAMPLES / "twins" / name, alice / "digital_twins" / name)
        give_all(alice / "digital_twins" / name)
    yield
    for area in (alice, team):
        for folder in (area / "digital_twins").iterdir():
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module", name="owner")
def _owner(school: School) -> Iterator[Person]:
    with HubClient(school.installation, "alice") as alice:
        alice.start()
        yield Person(Runs(alice, school.installation), partial(_shell, school, "alice"))


@pytest.fixture(scope="module", name="member")
def _member(school: School) -> Iterator[Person]:
    with HubClient(school.installation, "bob") as bob:
        bob.start()
        yield Person(Runs(bob, school.installation), partial(_shell, school, "bob"))


@pytest.fixture(scope="module", name="stranger")
def _stranger(school: School) -> Iterator[Runs]:
    with HubClient(school.installation, "carol") as carol:
        yield Runs(carol, school.installation)


def _shell(school: School, user: str, command: str) -> tuple[int, str]:
    done = school.installation.container(user).exec_run(["bash", "-c", command], user="1000")
    assert isinstance(done.output, bytes)
    return done.exit_code or 0, done.output.decode()


def test_a_teams_twin_runs_through_its_phases_by_any_member(member: Person) -> None:
    twin = f"teams/{TEAM}/digital_twins/plain"
    assert must_succeed(member.runs, twin, "create", "execute", "save", "analyse") == ["1"]
    status, said = member.shell(f"twin run {twin} clean")
    assert status == 0, said


def test_a_member_ends_the_run_of_another_and_a_stranger_finds_nothing(
    owner: Person, member: Person, stranger: Runs
) -> None:
    twin = f"teams/{TEAM}/digital_twins/endless"
    run = owner.runs.submit(twin)
    member.runs.wait_for_line(run, "tick")
    assert {stranger.look(run).status_code, stranger.aim(run, "stop").status_code} == {404}
    assert stranger.ask(twin).status_code == 404
    assert stranger.ask("alice/digital_twins/plain").status_code == 404
    assert member.runs.tell(run, "terminate") == 0
    assert owner.runs.wait(run)["status"] == "stopped"


def test_a_run_of_ones_own_twin_is_hidden_from_the_team(owner: Person, member: Person) -> None:
    run = owner.runs.submit("plain", "terminate")
    owner.runs.wait(run)
    assert member.runs.look(run).status_code == 404
    assert member.runs.ask("alice/digital_twins/plain").status_code == 404
