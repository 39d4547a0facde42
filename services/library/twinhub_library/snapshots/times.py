"""The names of snapshots: when they were taken, to the second, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_FORM = "%Y-%m-%dT%H-%M-%SZ"


def name_of(time: datetime) -> str:
    """Return the name of the snapshot that is taken at a time."""
    return time.astimezone(UTC).strftime(_FORM)


def time_of(name: str) -> datetime | None:
    """Return when the snapshot with a name was taken; None for what is no such name."""
    try:
        time = datetime.strptime(name, _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
    return time if name_of(time) == name else None


def free_name(time: datetime, taken: Collection[str]) -> str:
    """Return the name for a time, or for the first second after it that has none yet."""
    while (name := name_of(time)) in taken:
        time += timedelta(seconds=1)
    return name
