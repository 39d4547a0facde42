"""Scripts that were written for a machine of one's own: sudo and apt are stood in for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.runner.agent.sandboxes import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.heavy  # real sandboxes

_THERE, _MISSING = "coreutils", "no-such-package"


@pytest.fixture(name="sandbox")
def _sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def test_installing_what_is_there_succeeds(sandbox: Sandbox) -> None:
    script = (
        "set -e; sudo apt-get update; sudo DEBIAN_FRONTEND=noninteractive apt-get install -y"
        f" -o Dpkg::Use-Pty=0 {_THERE}; apt install --yes {_THERE}:amd64 {_THERE}=1.0"
    )
    assert sandbox.run_script(script) == (0, "ended")
    assert sandbox.texts() == ["apt-get: nothing to update in a run", *[f"{_THERE} is there"] * 3]


@pytest.mark.parametrize("command", ["apt-get", "sudo apt", "sudo -E -u root -- apt-get"])
def test_installing_what_is_missing_ends_with_the_line_to_add(
    sandbox: Sandbox, command: str
) -> None:
    script = f"{command} install -y {_THERE} {_MISSING} other-one"
    assert sandbox.run_script(script) == (100, "ended")
    assert sandbox.texts()[-1] == f"environment: {{system: [{_MISSING}, other-one]}}"


def test_sudo_runs_the_command_as_whom_the_run_is(sandbox: Sandbox) -> None:
    assert sandbox.run_script('sudo -n A=b sh -c \'echo "$A" $(id -u)\'; id -u; sudo -i') == (
        1, "ended",
    )  # fmt: skip
    first, second, *_ = sandbox.texts()
    assert first == f"b {second}"


def test_nothing_waits_for_an_answer(sandbox: Sandbox) -> None:
    assert sandbox.run_script("sudo cat; sudo -S true") == (0, "ended")
