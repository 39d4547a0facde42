"""What syncing tells of what it has done, or would do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from twinhub_library.merging import FileReport
    from twinhub_library.publishing.secrets import SecretFinding
    from twinhub_library.repositories.objects import LeftOut


class ChangeKind(StrEnum):
    """How a file differs from the last synced commit."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that differs."""

    path: str
    kind: ChangeKind


@dataclass(frozen=True)
class Status:
    """How a place and its repository stand to each other."""

    base: str | None
    """The last synced commit."""
    ahead: int
    """Commits that the next push makes: 1 where files differ."""
    behind: int
    """Commits of the other side, as of the last fetch, that are not here."""
    was_rewritten: bool
    """Whether the other side has replaced commits that were synced: a forced push."""
    changes: tuple[FileChange, ...]
    left_out: tuple[LeftOut, ...]
    conflicts: tuple[str, ...]
    fault: str
    synced_at: datetime | None


@dataclass(frozen=True)
class Pulled:
    """What a pull did, or would do."""

    commit: str | None
    files: tuple[FileReport, ...] = ()
    was_rewritten: bool = False
    kept: str | None = None
    """Commit of what was there before, where that was not in the repository."""
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pushed:
    """What a push did, or would do."""

    commit: str | None
    """The new commit; None where nothing was to be pushed, or at a dry run."""
    changes: tuple[FileChange, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    secrets: tuple[SecretFinding, ...] = ()
    """At a dry run, what the push would be refused for."""


@dataclass(frozen=True)
class Synced:
    """What a sync did, or would do."""

    pulled: Pulled
    pushed: Pushed | None
    notes: tuple[str, ...] = field(default=())
    """Why nothing was pushed, where a person has to look first."""
