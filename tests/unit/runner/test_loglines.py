"""Logs in which somebody has put what no agent writes: what is read stays little and right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_api.runner.logs import parse_record
from twinhub_runner.loglines import find_end, read_log

if TYPE_CHECKING:
    from pathlib import Path

_LINE = b"1700000000000\tmain\to\thello\n"
_FIRST = "0" * 16


@pytest.mark.parametrize("name", ["9" * 16, "9" * 200, "\u0661" * 16, "7", "x"])
def test_names_that_are_no_segments_are_left_out(tmp_path: Path, name: str) -> None:
    (tmp_path / _FIRST).write_bytes(_LINE)
    (tmp_path / name).write_bytes(_LINE)
    assert read_log(tmp_path, 0).records == _LINE
    assert read_log(tmp_path, len(_LINE)).records == b""
    assert find_end(tmp_path) == len(_LINE)


@pytest.mark.d4(44)
def test_a_folder_with_very_many_names_is_not_gone_through(tmp_path: Path) -> None:
    for number in range(65):
        (tmp_path / f"{number:016}").touch()
    (tmp_path / f"{5000:016}").write_bytes(_LINE)
    assert read_log(tmp_path, 0).records == b""
    assert find_end(tmp_path) == 0


def test_a_time_that_is_none_makes_no_line() -> None:
    assert parse_record("999999999999999\tmain\to\thello") is None
    assert parse_record("99999999999999\tmain\to\thello") is not None
