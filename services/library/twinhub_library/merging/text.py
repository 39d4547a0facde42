"""Three-way merge of text, by line.

The differences are found by Myers' algorithm ("An O(ND) difference algorithm and its variations",
1986) with a bound on how many lines may differ, so that no text makes a merge long. Changes of the
two sides that touch each other, with no common line between them, count as a conflict.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_BYTES = 8 << 20
MOST_DIFFERENT = 1000
"""Lines that differ between the base and one side; beyond, the file counts as a whole."""

_Block = tuple[int, int, int]
"""Where equal lines begin in the base and in the other one, and how many there are."""


def is_text(content: bytes) -> bool:
    """Return whether content is merged by line: no NUL in it, and not too long."""
    return len(content) <= MOST_BYTES and b"\0" not in content


def merge_text(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Return text with the changes of both sides; None where they touch, or it is no text."""
    if not all(map(is_text, (base, ours, theirs))):
        return None
    old, mine, new = (content.splitlines(keepends=True) for content in (base, ours, theirs))
    to_mine, to_new = _equal_blocks(old, mine), _equal_blocks(old, new)
    if to_mine is None or to_new is None:
        return None
    merged: list[bytes] = []
    at = (0, 0, 0)
    for common in (*_common(to_mine, to_new), (len(old), len(mine), len(new), 0)):
        start, in_mine, in_new, count = common
        part = _merge_part(
            old[at[0] : start], mine[at[1] : in_mine], new[at[2] : in_new]
        )  # fmt: skip
        if part is None:
            return None
        merged += part
        merged += old[start : start + count]
        at = (start + count, in_mine + count, in_new + count)
    return b"".join(merged)


def _merge_part(
    old: list[bytes], mine: list[bytes], new: list[bytes]
) -> list[bytes] | None:  # fmt: skip
    """Return the one of two changes that is one; None if both are, and differ."""
    if new in (mine, old):
        return mine
    return new if mine == old else None


def _common(
    to_mine: Sequence[_Block], to_new: Sequence[_Block]
) -> Iterator[tuple[int, int, int, int]]:  # fmt: skip
    """Yield where all three have the same lines: starts in base, mine and new, and how many."""
    first = second = 0
    while first < len(to_mine) and second < len(to_new):
        old_a, mine, count_a = to_mine[first]
        old_b, new, count_b = to_new[second]
        start = max(old_a, old_b)
        end = min(old_a + count_a, old_b + count_b)
        if start < end:
            yield start, mine + start - old_a, new + start - old_b, end - start
        if old_a + count_a <= old_b + count_b:
            first += 1
        else:
            second += 1


def _equal_blocks(old: Sequence[bytes], new: Sequence[bytes]) -> list[_Block] | None:
    """Return the runs of equal lines, in order; None where too much differs."""
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    inner = _myers(old[head : len(old) - tail], new[head : len(new) - tail])
    if inner is None:
        return None
    blocks = [(a + head, b + head, count) for a, b, count in inner]
    ends = [(len(old) - tail, len(new) - tail, tail)]
    return [block for block in ((0, 0, head), *blocks, *ends) if block[2]]


def _myers(old: Sequence[bytes], new: Sequence[bytes]) -> list[_Block] | None:
    if not old or not new:
        return []
    numbers: dict[bytes, int] = {}
    a = [numbers.setdefault(line, len(numbers)) for line in old]
    b = [numbers.setdefault(line, len(numbers)) for line in new]
    trace: list[array[int]] = []
    most = min(len(a) + len(b), MOST_DIFFERENT)
    reach = array("i", bytes(4 * (2 * most + 3)))
    for edits in range(most + 1):
        trace.append(reach[most + 1 - edits - 1 : most + 1 + edits + 2])
        for k in range(-edits, edits + 1, 2):
            down = k == -edits or (
                k != edits and reach[most + 1 + k - 1] < reach[most + 1 + k + 1]
            )  # fmt: skip
            x = reach[most + 1 + k + 1] if down else reach[most + 1 + k - 1] + 1
            y = x - k
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x += 1
                y += 1
            reach[most + 1 + k] = x
            if x >= len(a) and y >= len(b):
                return _backtrack(trace, edits, len(a), len(b))
    return None


def _backtrack(trace: Sequence[array[int]], edits: int, x: int, y: int) -> list[_Block]:
    """Follow the shortest way back and collect the runs of equal lines on it."""
    blocks: list[_Block] = []
    for step in range(edits, 0, -1):
        reach, middle, k = trace[step], step + 1, x - y
        down = k == -step or (k != step and reach[middle + k - 1] < reach[middle + k + 1])
        before = reach[middle + k + 1] if down else reach[middle + k - 1]
        before_y = before - (k + 1 if down else k - 1)
        start = before if down else before + 1
        if x > start:
            blocks.append((start, start - k, x - start))
        x, y = before, before_y
    if x:
        blocks.append((0, 0, x))
    return blocks[::-1]
