"""The table of what survives names each process, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from twinhub_hub.operate.launch import PROCESSES as LAUNCHED

from tests.integration.kills.scenes import SCENES
from tests.integration.kills.test_matrix import EVERYWHERE, SOMETIMES

_PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "what-survives.md"


def test_the_table_has_a_row_for_each_process_and_a_column_for_each_moment() -> None:
    rows = [line for line in _PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    named = [match[1] for row in rows if (match := re.match(r"\| `(\w+)`", row))]
    assert sorted(named) == sorted([*LAUNCHED, "supervisor"])
    assert len(rows[0].strip("|").split("|")) == 2 + len(SCENES)


def test_each_process_that_is_launched_is_killed_at_each_moment() -> None:
    assert {*EVERYWHERE, *SOMETIMES} == {*LAUNCHED, "supervisor"}
