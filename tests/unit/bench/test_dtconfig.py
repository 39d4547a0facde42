"""The file that is measured is what the goals speak of, and a process can be watched growing."""

from __future__ import annotations

import pytest
from twinhub_dtconfig.loading import parse_twin

from tests.bench.__main__ import BENCHES
from tests.bench.dtconfig import LINES, grow, large_twin


def test_the_large_twin_has_so_many_lines_and_no_fault() -> None:
    text = large_twin()
    assert text.count("\n") == LINES == 300
    loaded = parse_twin(text.encode())
    assert loaded.warnings == ()
    assert len(loaded.twin.parameters) == len(loaded.twin.signals) == 18


def test_it_is_one_of_the_benches() -> None:
    assert "dtconfig" in BENCHES


@pytest.mark.heavy
def test_loads_of_twins_do_not_fill_the_memory() -> None:
    assert grow(300) < 8 * 2**20
