"""Names of runs: letters and digits that sort by time, fit for folders and containers."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32, without i, l, o and u."""
_TIME_DIGITS, _RANDOM_DIGITS = 9, 11


def make_run_id() -> str:
    """Return a new name: 45 bits of milliseconds since 1970, then 55 random ones."""
    return _digits(time.time_ns() // 1_000_000, _TIME_DIGITS) + _digits(
        secrets.randbits(5 * _RANDOM_DIGITS), _RANDOM_DIGITS
    )


def _digits(number: int, count: int) -> str:
    return "".join(_ALPHABET[number >> 5 * at & 31] for at in reversed(range(count)))
