"""One installation in process mode for all tests of this folder, started as its operator would."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from twinhub_hub.operate.errors import EngineError
from twinhub_hub.operate.ports import find_free
from twinhub_hub.operate.process_mode import check_host
from twinhub_hub.sandbox.processes import find_sandboxes

from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import FIRST_PORT, TestInstallation
from tests.fixtures.requirements import missing
from tests.integration.process_mode.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "alice"


@pytest.fixture(scope="session")
def sandboxes_work() -> None:
    """Skip where bubblewrap is missing or forbidden."""
    try:
        check_host()
    except EngineError as error:
        missing("no sandbox can be made", str(error))


@pytest.fixture(scope="session")
def process_installation(sandboxes_work: None) -> Iterator[TestInstallation]:
    """A running installation; ``TWINHUB_TEST_ENVIRONMENTS`` names packages that need no installing.

    That is the ``environments`` folder of another installation; its files are linked, not changed.
    """
    home = Path(tempfile.mkdtemp(prefix="tp-"))
    if given := os.environ.get("TWINHUB_TEST_ENVIRONMENTS"):
        link_packages(Path(given), home / "environments")
    there = TestInstallation(home, find_free(FIRST_PORT + 400))
    try:
        done = there.run("up", "--engine=process")
        assert done.returncode == 0, done.stdout + done.stderr
        yield there
    finally:
        purged = there.run("purge", input="purge\n")
        shutil.rmtree(home, ignore_errors=True)
    assert purged.returncode == 0, purged.stdout + purged.stderr
    assert find_sandboxes(home / "homes") == []


def link_packages(source: Path, target: Path) -> None:
    """Give a folder of environments the installed packages of another one."""
    target.mkdir(parents=True, exist_ok=True)
    packages = [str(path) for path in source.glob("packages-*")]
    subprocess.run(["cp", "--archive", "--link", *packages, str(target)], check=True)


@pytest.fixture(scope="session")
def person(process_installation: TestInstallation) -> Iterator[HubClient]:
    """The user, signed in."""
    with HubClient(process_installation, USER) as session:
        yield session


@pytest.fixture
def client(person: HubClient, process_installation: TestInstallation) -> HubClient:
    """The user, signed in, with a running workspace, whatever the test before left."""
    if not _answers(person):
        process_installation.run("up", "--engine=process")
    person.start()
    return person


def _answers(person: HubClient) -> bool:
    try:
        return person.get("/hub/health").is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def shell(client: HubClient) -> Shell:
    """Commands in the user's workspace."""
    return Shell(client)
