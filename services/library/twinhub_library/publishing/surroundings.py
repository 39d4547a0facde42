"""What publishing and importing use of the rest of the library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.areas import Area


def _has_room(_path: RelativePath, _size: int) -> None:
    """Take any size."""


def _tell_nobody(_path: RelativePath) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Surroundings:
    """Deeds of other parts."""

    throw_away: Callable[[Area, RelativePath, str], Callable[[], object]]
    """Move something of an area to its bin, for somebody; returns what brings it back."""
    check_room: Callable[[RelativePath, int], None] = _has_room
    """Raise where an area cannot take as many bytes more."""
    announce: Callable[[RelativePath], None] = _tell_nobody
    """Tell that something at or below a path has changed."""
    end_other: Callable[[Mapping[str, str]], None] = lambda _note: None
    """End a merge of another part that a crash broke off, by its note."""
