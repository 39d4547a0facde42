"""Log lines: one line of JSON, short, printable."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinhub_api.log_lines import (
    MAX_BYTES,
    MOST_DETAIL,
    JsonLines,
    log_fields,
    readable,
    shorten,
)

ANYTHING = st.text(max_size=3 * MAX_BYTES) | st.sampled_from(
    ["ü" * 900, "\u202e" * 900, "\\" * 900, '"' * 900]
)


def line_of(level: int, text: str, *arguments: object, failed: bool = False) -> str:
    """What a record becomes."""
    info = sys.exc_info() if failed else None
    record = logging.LogRecord("hub", level, __file__, 1, text, arguments, info)
    return JsonLines("hub").format(record)


def event_of(level: int, text: str, *arguments: object) -> dict[str, Any]:
    """The same, read."""
    event: dict[str, Any] = json.loads(line_of(level, text, *arguments))
    return event


@pytest.mark.d4(10)
@settings(deadline=None)
@given(ANYTHING)
def test_a_line_is_printable_and_fits_into_a_kilobyte(text: str) -> None:
    with log_fields(request={"method": "GET", "user": "a" * 64, "address": "b" * 64}):
        line = line_of(logging.WARNING, "from %s", text)
    assert line.isprintable()
    assert len(line.encode()) <= 1024


@settings(deadline=None)
@given(st.text(alphabet=st.characters(categories=["L", "N", "P"]), max_size=MAX_BYTES // 4))
def test_what_can_be_seen_and_is_short_stays_as_it_is(text: str) -> None:
    assert shorten(text) == text


@pytest.mark.d4(7)
@pytest.mark.parametrize("name", ["code", "state", "token", "access_token", "_xsrf"])
def test_secrets_of_an_address_are_left_out(name: str) -> None:
    line = event_of(logging.WARNING, "403 GET /hub/oauth_callback?%s=abc123&x=1 (127.0.0.1)", name)
    assert line["message"].endswith("=[secret]&x=1 (127.0.0.1)")


@pytest.mark.d4(7)
@pytest.mark.parametrize("value", ["abc123", "2|abc123|def=:1", "x" * 4000 + "abc123"])
def test_secrets_of_the_headers_that_follow_an_error_are_left_out(value: str) -> None:
    headers = json.dumps({"X-Xsrftoken": value, "X-XSRFToken": value, "Accept": "*/*"}, indent=2)
    event = event_of(logging.ERROR, "%s", headers)
    assert "abc123" not in event["detail"]
    assert '"X-Xsrftoken": "[secret]' in event["detail"]
    assert '"Accept": "*/*"' in event["detail"]
    line = event_of(logging.WARNING, "%s", json.dumps({"X-Xsrftoken": value[:500], "a": "b"}))
    assert line["message"] == '{"X-Xsrftoken": "[secret]", "a": "b"}'


def test_what_was_cut_is_said() -> None:
    assert shorten("a" * 5000).endswith("a... (5000 characters)")


def test_an_event_has_the_fields_that_the_docs_name() -> None:
    event = event_of(logging.WARNING, "one\ntwo")
    assert list(event) == ["time", "level", "process", "logger", "message"]
    assert event["time"].endswith("Z")
    assert (event["level"], event["process"]) == ("warn", "hub")
    assert event["message"] == "one\\ntwo"


def test_an_error_keeps_its_lines() -> None:
    long = "b" * 5000
    event = event_of(logging.ERROR, "log:\n%s\r\nend", long)
    assert event["message"] == "log:"
    assert event["detail"].splitlines() == [f"{'b' * MAX_BYTES}... (5000 characters)", "end"]


def test_a_long_detail_keeps_its_end() -> None:
    event = event_of(logging.ERROR, "log:\n%s\nend", "\n".join(["line"] * 20_000))
    assert event["detail"].startswith("...\n")
    assert event["detail"].endswith("line\nend")
    assert len(event["detail"]) <= MOST_DETAIL


def test_an_exception_is_the_detail() -> None:
    try:
        int("no such thing")
    except ValueError:
        line = line_of(logging.WARNING, "odd", failed=True)
    assert "\n" not in line
    assert "ValueError: invalid literal" in json.loads(line)["detail"]


def test_people_read_it_without_braces() -> None:
    text = readable(line_of(logging.ERROR, "no\nwhy"))
    assert text.endswith("error hub          no\n    why")


@pytest.mark.parametrize("line", ["Traceback (most recent call last):", "{", "[1]", '{"a": 1}', ""])
def test_what_is_no_event_is_shown_as_it_is(line: str) -> None:
    assert readable(line) == line
