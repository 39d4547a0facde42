"""Log lines: short, printable, in one piece."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_hub.log_lines import MAX_BYTES, ShortLines, shorten

ANYTHING = st.text(max_size=3 * MAX_BYTES) | st.sampled_from(["ü" * 900, "\u202e" * 900])


def logged(level: int, text: str, *arguments: object) -> str:
    """What a record's text becomes."""
    record = logging.LogRecord("hub", level, __file__, 1, text, arguments, None)
    assert ShortLines().filter(record)
    return record.getMessage()


@pytest.mark.d4(10)
@given(ANYTHING)
def test_a_line_is_printable_and_fits_into_a_kilobyte(text: str) -> None:
    line = logged(logging.WARNING, "from %s", text)
    assert line.isprintable()
    assert len(line.encode()) <= 900


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"]), max_size=MAX_BYTES // 4))
def test_what_can_be_seen_and_is_short_stays_as_it_is(text: str) -> None:
    assert shorten(text) == text


@pytest.mark.d4(7)
@pytest.mark.parametrize("name", ["code", "state", "token", "access_token", "_xsrf"])
def test_secrets_of_an_address_are_left_out(name: str) -> None:
    line = logged(logging.WARNING, "403 GET /hub/oauth_callback?%s=abc123&x=1 (127.0.0.1)", name)
    assert "abc123" not in line
    assert line.endswith("=[secret]&x=1 (127.0.0.1)")


def test_what_was_cut_is_said() -> None:
    assert shorten("a" * 5000).endswith("a... (5000 characters)")


def test_an_error_keeps_its_lines() -> None:
    long = "b" * 5000
    assert logged(logging.ERROR, "log:\n%s\r\nend", long).splitlines() == [
        "log:",
        f"{'b' * MAX_BYTES}... (5001 characters)",
        "end",
    ]
