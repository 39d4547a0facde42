"""``twinhub.report`` prints what the runner reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import twinhub
from twinhub_api.runner.logs import numbers_in

if TYPE_CHECKING:
    import pytest


def test_what_is_reported_are_the_numbers_of_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    twinhub.report(0.4, level=1.25, count=3)
    line = capsys.readouterr().out.rstrip("\n")
    assert line == "@twin progress=0.4 level=1.25 count=3.0"
    assert dict(numbers_in(line)) == {"progress": 0.4, "level": 1.25, "count": 3.0}


def test_line_without_the_mark_has_no_numbers() -> None:
    assert list(numbers_in("level=1.25")) == []
    assert list(numbers_in("@twin level=nan word=x =1")) == []
