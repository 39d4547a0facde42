"""Previous versions of files and folders in private and team areas."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from twinhub_api.wire import Wire


class PreviousVersion(Wire):
    """A previous version of a file or folder."""

    time: str = Field(description="Names the version, such as `2026-11-26T20-00-00Z`.")
    first_time: str = Field(description="Since when the file was like this, as far as is known.")
    kind: Literal["file", "folder"]
    size: int = Field(description="Bytes of a file; 0 of a folder.")
    changed_at: datetime
    is_present: bool = Field(description="Whether the file still has this size and time of change.")


class PreviousVersionPage(Wire):
    """The previous versions of a file or folder, the newest first."""

    path: str
    items: tuple[PreviousVersion, ...]
    next: str | None = Field(None, description="What `after` is for the next page.")
    notice: str = Field("", description="Why no versions are taken now, for people.")


class PreviousFolderEntry(Wire):
    """One name in a previous version of a folder."""

    name: str
    kind: Literal["file", "folder", "link", "other"]
    size: int
    changed_at: datetime


class PreviousFolderPage(Wire):
    """What was in a folder, by name."""

    path: str
    time: str
    items: tuple[PreviousFolderEntry, ...]
    next: str | None = Field(None, description="What `after` is for the next page.")


class PreviousDifference(Wire):
    """How a text file differs from an earlier version of it."""

    path: str
    time: str
    until: str = Field(description="The later version; empty for the present file.")
    text: str = Field(description="In the unified format of diff(1); empty if nothing differs.")


class PreviousRestoreRequest(Wire):
    """Which version comes back, and where."""

    path: str
    time: str
    into: str | None = Field(
        None,
        description="A path where nothing is, for a copy; without it, in place of the present.",
    )


class PreviousRestoredFile(Wire):
    """What became of one file or folder of a restore."""

    path: str
    outcome: Literal["restored", "removed", "unchanged", "kept"] = Field(
        description="`kept`: it stays as it is, since no version has it or it was just written."
    )


class PreviousRestored(Wire):
    """What a restore has done; files that did not change are counted only."""

    path: str
    kept_as: str = Field(description="The version that holds the state before; empty of a copy.")
    files: tuple[PreviousRestoredFile, ...] = Field(description="At most 1,000 of them.")
    counts: dict[str, int] = Field(description="How many files had which outcome.")
