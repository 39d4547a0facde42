"""An installation with five people, of whom two are in a team, and the library in it."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.assets import ensure_user_folder

from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import TestInstallation, require_engine, running_installation
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

TEAM = "plant"
"""Group of alice and bob, which an admin has switched on."""

_TEMPLATE = Path(__file__).parents[3] / "config" / "assets" / "template"
_UID = os.getuid() or 1000
_READY_SECONDS = 60
_ACCOUNTS = """
auth:
  accounts:
    - {name: admin, role: admin}
    - {name: instructor, role: instructor}
    - {name: alice}
    - {name: bob}
    - {name: carol}
"""


@dataclass(frozen=True)
class School:
    """The installation, and what its library has on this host."""

    installation: TestInstallation

    @property
    def assets(self) -> Path:
        """The assets root."""
        return self.installation.home / "assets"

    @property
    def library(self) -> str:
        """Address of the library."""
        return f"{self.installation.address}/services/library"

    def secret(self, name: str) -> str:
        """A token of one of our own processes."""
        return (self.installation.home / "secrets" / name).read_text().strip()


@contextmanager
def _installation() -> Iterator[TestInstallation]:
    """One of its own, or that of ``TWINHUB_TEST_HOME``, which has to have these accounts."""
    given = os.environ.get("TWINHUB_TEST_HOME")
    if not given:
        with running_installation(settings=_ACCOUNTS) as fresh:
            yield fresh
        return
    home = Path(given)
    port = json.loads((home / "state" / "running.json").read_text())["port"]
    yield TestInstallation(home, port)


@pytest.fixture(scope="package")
def school() -> Iterator[School]:
    """The school; everybody has a folder, and the team is switched on."""
    require_engine()
    with _installation() as there, ExitStack() as opened:
        clients = [opened.enter_context(HubClient(there, name)) for name in ("alice", "bob")]
        admin = opened.enter_context(HubClient(there, "admin"))
        for client in clients:
            client.start()
        admin.get("/hub/home")
        admin.api("POST", f"/groups/{TEAM}")  # which does nothing where it is there
        ready = f"{there.address}/services/library/health"
        wait_for(
            lambda: admin.get(ready).is_success,
            seconds=_READY_SECONDS,
            what="a library that is ready",
        )
        body = {"users": ["alice", "bob"]}
        admin.api("POST", f"/groups/{TEAM}/users", body).raise_for_status()
        made = admin.put(
            f"{there.address}/services/library/api/teams/{TEAM}", body=None, headers=admin.bearer()
        )
        assert made.is_success, made.text
        for name in ("admin", "instructor", "carol"):  # as a first start does it
            ensure_user_folder(_TEMPLATE, there.home / "assets", name, uid=_UID)
        yield School(there)
