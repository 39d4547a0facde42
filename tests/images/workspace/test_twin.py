"""The `twin` command is in every workspace, whatever its user has installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.images.workspace.running import Workspace

pytestmark = pytest.mark.docker


def test_a_twin_is_written_checked_and_drawn(workspace: Workspace) -> None:
    script = "cd $(mktemp -d) && twin init && twin validate && twin graph"
    said = workspace.run("sh", "-c", script)
    assert "is written" in said
    assert "good" in said
    assert "flowchart LR" in said


def test_units_are_known(workspace: Workspace) -> None:
    lines = ("format: 1", "name: a", "phases: {execute: x}", "signals:",
             "  s: {unit: kg/s, source: {metric: s}}")  # fmt: skip
    text = " ".join(f"'{line}'" for line in lines)
    script = (
        f"cd $(mktemp -d) && printf '%s\\n' {text} >twin.yaml && twin validate --assets /workspace"
    )
    assert "good" in workspace.run("sh", "-c", script)


def test_nothing_of_the_user_gets_in_its_way(workspace: Workspace) -> None:
    broken = "echo 1/0 >pydantic.py && cp pydantic.py yaml.py"
    script = f"cd $(mktemp -d) && {broken} && twin --version && twin schema"
    assert "twin " in workspace.run("env", "PYTHONPATH=.", "sh", "-c", script)


def test_a_login_shell_completes_it(workspace: Workspace) -> None:
    assert "-F _twin twin" in workspace.run("bash", "-lc", "complete -p twin")
