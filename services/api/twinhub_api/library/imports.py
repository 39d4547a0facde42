"""Imports, updates and pins."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from twinhub_api.wire import Wire

Outcome = Literal["unchanged", "updated", "added", "removed", "kept", "merged", "conflict"]


class ImportRequest(Wire):
    """What is to be copied."""

    source: str = Field(description="An asset, with a pin where it has versions: `…/tank@^1.2`.")
    target: str = Field("", description="Empty for the same kind and name in the caller's area.")


class Import(Wire):
    """A copy that knows where it is from."""

    id: int
    path: str
    source: str = Field(description="The asset without a version.")
    version: str = Field(description="Empty for an asset without versions.")
    digest: str
    newest: str = Field(description="The newest version of the asset; empty if it has none.")
    is_outdated: bool
    made_by: str
    made_at: datetime
    updated_at: datetime


class ImportList(Wire):
    """Imports of an area, by path."""

    imports: tuple[Import, ...]
    next: str | None = None


class UpdateRequest(Wire):
    """To which version a copy is brought."""

    version: str = Field("", description="A pin; empty for the newest.")
    dry_run: bool = Field(default=False, description="Tell what would happen, and do nothing.")


class FileOutcome(Wire):
    """What became of one file."""

    path: str
    outcome: Outcome
    copy_path: str | None = Field(description="The named copy that keeps the owner's, if any.")
    note: str


class UpdateReport(Wire):
    """What became of each file of a copy, by path."""

    path: str
    version: str
    dry_run: bool
    files: tuple[FileOutcome, ...]
    conflicts: int


class FreshRequest(Wire):
    """A copy as it is published, without anybody's changes."""

    version: str = Field("", description="A pin; empty for the newest.")
    older: Literal["beside", "bin"] = Field(
        "beside", description="Stay where it is, the fresh one beside it, or go to the bin."
    )


class PinRequest(Wire):
    """A version to use in place."""

    asset: str = Field(description="With a pin: `common/models/tank@^1.2`.")
    area: str = Field("", description="Empty for the caller's own.")


class Pin(Wire):
    """A version that is used in place."""

    id: int
    area: str
    asset: str
    version: str
    digest: str
    content: str = Field(
        description=(
            "Where the content lies below the library's root, as a workspace has it; "
            "no route reads it by this name."
        )
    )
    is_withdrawn: bool
    made_by: str
    made_at: datetime


class PinList(Wire):
    """Pins of an area, by asset."""

    pins: tuple[Pin, ...]
    next: str | None = None
