"""Colours and widths are for terminals alone."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_api.cli.terminal import Terminal, safe, terminal_of, width_of


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_no_colours_and_no_width() -> None:
    assert terminal_of(io.StringIO()) == Terminal(is_coloured=False, width=None)


@pytest.mark.parametrize(
    ("name", "value", "is_coloured"),
    [("NO_COLOR", "1", False), ("NO_COLOR", "", True), ("TERM", "dumb", False)],
)
def test_colours_follow_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, *, is_coloured: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv(name, value)
    assert terminal_of(_Screen()).is_coloured is is_coloured


def test_a_table_fits_the_terminal() -> None:
    rows = [("a", "word " * 40), ("bbb", "short")]
    lines = Terminal(width=60).table(rows, indent=2).splitlines()
    assert len(lines) > 3
    assert max(map(len, lines)) <= 60
    assert lines[-1] == "  bbb  short"
    assert len(Terminal().table(rows).splitlines()) == 2


@given(st.text())
def test_nothing_that_is_shown_steers_a_terminal(text: str) -> None:
    shown = safe(text)
    assert not set(shown) & {chr(code) for code in (*range(9), *range(10, 32), *range(127, 160))}


def test_wide_characters_take_two_columns() -> None:
    assert width_of("a加") == 3
