"""Whole numbers that a request writes as text."""

from __future__ import annotations

_MOST_DIGITS = 18
"""Fewer than a column of a database holds (2**63), and than Python converts (4,300 digits)."""


def read_number(text: str) -> int | None:
    """Return a whole number that is not negative; None of any other text, also of a longer one."""
    is_number = len(text) <= _MOST_DIGITS and text.isascii() and text.isdecimal()
    return int(text) if is_number else None
