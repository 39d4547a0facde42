"""Twins through their phases without an engine, from outside and by the terminal."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.runs import SECONDS, Runs
from tests.fixtures.twin_folders import give_all, write_folders
from tests.fixtures.waiting import wait_for
from tests.integration.process_mode.conftest import USER
from tests.integration.runner.phases import (  # noqa: F401 - tests
    Person,
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
    from tests.fixtures.hub_client import HubClient
    from tests.fixtures.installation import TestInstallation
    from tests.integration.process_mode.shell import Shell

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[3] / "config" / "examples"
SAMPLES = ("smallest", "processes", "live-service")


@pytest.fixture(name="owner")
def _owner(client: HubClient, process_installation: TestInstallation, shell: Shell) -> Person:
    """The user, with the folders in the area."""
    health = f"{process_installation.address}/services/runner/health"
    wait_for(lambda: client.get(health).is_success, seconds=SECONDS, what="a runner")
    area = process_installation.folder(USER)
    write_folders(area)
    for name in SAMPLES:
        folder = area / "digital_twins" / name
        shutil.copytree(EXAMPLES / "twins" / name, folder, dirs_exist_ok=True)
        give_all(folder)

    def run(command: str) -> tuple[int, str]:
        done = asyncio.run(shell.run(command))
        return done.status, done.output + done.errors

    return Person(Runs(client, process_installation), run)
