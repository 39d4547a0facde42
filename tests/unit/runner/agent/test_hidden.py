"""A failure that a pipe into tee hides is told of; nothing else changes for the script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_runner.agents import prepare
from twinhub_runner.hiding import tell_hidden

from tests.unit.runner.agent.sandboxes import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.heavy  # real sandboxes
HIDDEN = "In execute with status 3 a command failed before `| tee`, which hides it."


def run(folder: Path, script: str, head: str = "#!/bin/bash") -> Sandbox:
    """Run a script file to its end, which is good."""
    sandbox = Sandbox(folder)
    (folder / "work").mkdir()
    file = folder / "work" / "execute"
    file.write_text(f"{head}\n{script}\n")
    file.chmod(0o755)
    assert sandbox.run({"main": {"command": ["./execute"]}}) == (0, "ended")
    return sandbox


@pytest.mark.parametrize(
    "script",
    [
        "(echo x; exit 3) | tee log; echo after",
        "(exit 3) | tee log",
        "(exit 3) |\n  cat |\n  tee log",
        "set -u; for i in 1; do (exit 3) |& tee log; done",
    ],
)
def test_failure_that_tee_hides_is_told(tmp_path: Path, script: str) -> None:
    sandbox = run(tmp_path, script)
    assert HIDDEN in sandbox.texts("twin")
    assert "see the log" in tell_hidden(sandbox.plan, tmp_path / "out")


@pytest.mark.parametrize(
    "script",
    [
        "echo x | tee log",
        "yes | head -1 | tee log",
        "set -o pipefail; (exit 3) | tee log || exit 0",
        "(exit 3) | cat; echo x | tee log",
        "(exit 3); echo x | tee log",
        "false || echo x | tee log",
    ],
)
def test_what_hides_nothing_is_not_told(tmp_path: Path, script: str) -> None:
    sandbox = run(tmp_path, script)
    assert sandbox.texts("twin") == []
    assert tell_hidden(sandbox.plan, tmp_path / "out") == ""


def test_script_finds_statuses_and_traces_as_without_it(tmp_path: Path) -> None:
    script = "(exit 3) | cat | tee log\necho $? ${PIPESTATUS[@]}\nset -x\ntrue"
    assert run(tmp_path, script).texts() == ["0 3 0 0", "+ true"]


def test_traps_of_the_script_are_its_own(tmp_path: Path) -> None:
    assert run(tmp_path, "trap 'echo bye' EXIT; echo x | tee log").texts() == ["x", "bye"]


def test_pipe_into_tee_of_a_shell_that_does_not_tell_is_noted(tmp_path: Path) -> None:
    plan = {"processes": {"main": {"command": ["sh", "-eu", "-c", "./simulate | tee log"]}}}
    assert "would not be seen" in tell_hidden(plan, tmp_path)
    plan["processes"]["main"]["command"][-1] = "./simulate >log"
    assert tell_hidden(plan, tmp_path) == ""


def test_what_looks_at_scripts_comes_with_every_run(tmp_path: Path) -> None:
    prepare(tmp_path / "in", tmp_path / "out", {})
    assert (tmp_path / "in/twinhub_agent/look.bash").read_bytes()
    assert (tmp_path / "in/twinhub_agent/programs/apt-get").stat().st_mode & 0o111
