"""An installation with several images, some for a group only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.further import EXAM, NEVER, SOLVERS, other_names
from tests.fixtures.hub_client import HubClient
from tests.fixtures.installation import require_engine, running_installation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.installation import TestInstallation

SETTINGS = f"""
workspace:
  named: 2
  images:
    - workspace
    - {{image: {SOLVERS}, title: Solvers}}
    - {{image: {NEVER}, title: Never built}}
groups:
  - name: exam
    images:
      - {{image: {EXAM}, title: Exam}}
"""


@pytest.fixture(scope="package")
def offering() -> Iterator[TestInstallation]:
    """A running installation; instructor is in the group exam."""
    require_engine()
    with running_installation(settings=SETTINGS) as there, other_names():
        with HubClient(there, "admin") as admin, HubClient(there, "instructor"):
            admin.get("/hub/home")
            admin.api("POST", "/groups/exam").raise_for_status()
            body = {"users": ["instructor"]}
            admin.api("POST", "/groups/exam/users", body).raise_for_status()
        yield there
