"""What a merge did, or would do, to each file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one file."""

    UNCHANGED = "unchanged"
    """Both sides have the same already."""
    UPDATED = "updated"
    """The new one is in its place; its owner had not changed it."""
    ADDED = "added"
    """It is new."""
    REMOVED = "removed"
    """It is gone; its owner had not changed it."""
    KEPT = "kept"
    """It is as its owner made it: changed, added or removed."""
    MERGED = "merged"
    """It has the changes of both sides."""
    CONFLICT = "conflict"
    """The new one is in its place, and its owner's beside it, as the named copy."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file, by its path in the folder."""

    path: str
    outcome: Outcome
    copy: str | None = None
    """Path of the named copy that keeps the owner's."""
    note: str = ""
    """What else one should know, for people."""


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What became of all files, by path."""

    files: tuple[FileReport, ...]

    @property
    def conflicts(self) -> tuple[FileReport, ...]:
        """The files that were changed on both sides, each with its named copy."""
        return tuple(one for one in self.files if one.outcome is Outcome.CONFLICT)

    @property
    def has_changed(self) -> bool:
        """Whether the folder is another one now."""
        return any(one.outcome not in {Outcome.UNCHANGED, Outcome.KEPT} for one in self.files)
