"""The library of an installation in process mode, from the workspace and from outside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.waiting import wait_for
from tests.integration.process_mode.conftest import USER
from tests.unit.library.graphql.asking import READ

if TYPE_CHECKING:
    from tests.fixtures.hub_client import HubClient
    from tests.fixtures.installation import TestInstallation
    from tests.integration.process_mode.shell import Shell

pytestmark = pytest.mark.slow

_SEARCHES = 40


async def test_a_file_of_the_workspace_is_read_and_found_by_the_library(
    shell: Shell, client: HubClient, process_installation: TestInstallation
) -> None:
    site = process_installation.address
    wait_for(
        lambda: client.get(f"{site}/services/library/health").is_success,
        seconds=60, what="a library that is ready",
    )  # fmt: skip
    await shell.output(
        "mkdir -p models/valve && printf '# Valve zyxwv\\n' > models/valve/README.md"
    )
    asked = {"query": READ, "variables": {"path": f"{USER}/models/valve/README.md"}}
    sent = {"Authorization": f"token {shell.token}", "Content-Type": "application/json"}
    answer = client.post(f"{site}/lib", content=json.dumps(asked).encode(), headers=sent)
    assert answer.json()["data"]["readFile"], answer.text
    assert "# Valve zyxwv" in answer.text
    found = await shell.output(
        f"for i in $(seq {_SEARCHES}); do twin assets search zyxwv --json > /tmp/found || exit 1; "
        "grep -q models/valve /tmp/found && break; sleep 0.25; done; cat /tmp/found"
    )
    assert "models/valve" in found
