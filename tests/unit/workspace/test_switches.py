"""Switches of other workspaces: refused ones name TwinHub's way, and the page lists all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.workspace.shell import PROGRAMS, run_part

REFUSED = re.findall(r"^    refuse (\w+) ", (PROGRAMS / "refused.sh").read_text(), re.MULTILINE)
PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "workspace-variables.md"


def _table(heading: str) -> list[str]:
    section = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)`", section, re.MULTILINE)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_switch_is_told_without_its_value_and_taken_away(name: str) -> None:
    command = f"refuse_switches; echo ${{{name}-gone}}"
    printed, told = run_part("refused.sh", command, {name: "s3cret"})
    assert printed == "gone\n"
    assert told.startswith(f"TwinHub: {name} is not used: ")
    assert "s3cret" not in told


def test_nothing_is_told_when_nothing_is_set() -> None:
    assert run_part("refused.sh", "refuse_switches", {}) == ("", "")


def test_the_page_lists_every_refused_switch() -> None:
    assert _table("Refused") == REFUSED


def test_the_page_lists_every_variable_for_threads() -> None:
    (listed,) = re.findall(r'thread_variables="([^"]+)"', (PROGRAMS / "threads.sh").read_text())
    assert _table("Threads") == listed.split()
