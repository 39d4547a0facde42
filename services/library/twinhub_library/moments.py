"""Times of files as moments, of whatever a file system lets a file say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_FIRST = datetime(1, 1, 1, tzinfo=UTC)


def moment_of(nanoseconds: int) -> datetime:
    """Return the moment, to the microsecond below, of a time since 1970; the nearest there is."""
    try:
        return min(_EPOCH + timedelta(microseconds=nanoseconds // 1000), _LAST)
    except OverflowError:
        return _LAST if nanoseconds > 0 else _FIRST
