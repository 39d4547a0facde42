from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_library.merging.text import MOST_DIFFERENT, merge_text

import tests.fixtures.properties  # noqa: F401 - the profile

_LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"\n", b"d"]), max_size=12)


def _text(lines: list[bytes]) -> bytes:
    return b"".join(lines)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        (b"1\n2\n3\n", b"0\n1\n2\n3\n", b"1\n2\n3\n4\n", b"0\n1\n2\n3\n4\n"),
        (b"1\n2\n3\n", b"1\n3\n", b"1\n2\n3\n4\n", b"1\n3\n4\n"),
        (b"1\r\n2\r\n3\r\n", b"x\r\n2\r\n3\r\n", b"1\r\n2\r\ny\r\n", b"x\r\n2\r\ny\r\n"),
        (b"1\n2\n3", b"x\n2\n3", b"1\n2\n3\n4", b"x\n2\n3\n4"),
        (b"1\n2", b"1\n2\nx", b"1\n2\ny", None),
        (b"1\n2\n", b"x\n2\n", b"y\n2\n", None),
        (b"1\n2\n", b"x\n2\n", b"x\n2\n", b"x\n2\n"),
        (b"", b"x\n", b"y\n", None),
        (b"\0", b"\0x", b"\0y", None),
        (b"1\n2\n3\n", b"", b"1\n2\n3\n4\n", None),
    ],
)
def test_changes_of_both_sides_are_taken_unless_they_touch(
    base: bytes, ours: bytes, theirs: bytes, merged: bytes | None
) -> None:
    assert merge_text(base, ours, theirs) == merged


@given(_LINES, _LINES)
def test_what_one_side_changed_alone_is_what_comes_out(
    base: list[bytes], other: list[bytes]
) -> None:
    old, new = _text(base), _text(other)
    assert merge_text(old, new, old) == new
    assert merge_text(old, old, new) == new
    assert merge_text(old, new, new) == new


@given(_LINES, st.lists(st.integers(0, 12), max_size=4), st.lists(st.integers(0, 12), max_size=4))
def test_each_new_line_of_either_side_is_in_what_was_merged(
    base: list[bytes], ours: list[int], theirs: list[int]
) -> None:
    mine, new = list(base), list(base)
    for number, at in enumerate(ours):
        mine.insert(at % (len(mine) + 1), b"mine %d\n" % number)
    for number, at in enumerate(theirs):
        new.insert(at % (len(new) + 1), b"new %d\n" % number)
    merged = merge_text(_text(base), _text(mine), _text(new))
    if merged is not None:
        assert all(line in merged for line in {*mine, *new} - set(base))


@pytest.mark.heavy
def test_text_that_is_made_to_be_slow_is_given_up_in_time() -> None:
    base = _text([b"%d\n" % (number % 7) for number in range(8_000)])
    ours = _text([b"%d\n" % (number % 5) for number in range(8_000)])
    begin = time.process_time()
    assert merge_text(base, ours, base[::-1]) is None
    assert time.process_time() - begin < 20
    assert MOST_DIFFERENT < 8_000
