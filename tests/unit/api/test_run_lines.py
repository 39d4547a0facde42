"""Lines of logs, and the numbers among them."""

from __future__ import annotations

import json

import pytest
import twinhub
from twinhub_api.runner.logs import LogLine, NoLineError, numbers_in, parse_lines, parse_record


def test_what_is_reported_are_the_numbers_of_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    twinhub.report(0.4, level=1.25, count=3)
    line = capsys.readouterr().out.rstrip("\n")
    assert line == "@twin progress=0.4 level=1.25 count=3.0"
    assert dict(numbers_in(line)) == {"progress": 0.4, "level": 1.25, "count": 3.0}


def test_line_without_the_mark_has_no_numbers() -> None:
    assert list(numbers_in("level=1.25")) == []
    assert list(numbers_in("@twin level=nan word=x =1")) == []


def test_line_of_a_log_is_the_same_after_it_was_json() -> None:
    line = LogLine(1, 'a"\\', "e", "x\r\x00\u2028é", goes_on=True)
    assert json.loads(line.as_json()) == line._asdict()
    assert parse_lines([line.as_json()] * 2) == (line, line)
    for wrong in ("x", '{"time": 1}', "[1]", "1"):
        with pytest.raises(NoLineError):
            parse_lines([wrong])


def test_record_of_a_log_is_a_line_and_nothing_else_is() -> None:
    assert parse_record("1\tmain\tO\ta\tb") == LogLine(1, "main", "o", "a\tb", goes_on=True)
    for wrong in ("", "1\tmain\tx\ta", "x\tmain\to\ta", "1\tmain\to"):
        assert parse_record(wrong) is None
