"""Files and folders."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from twinhub_api.wire import Wire


class FileEntry(Wire):
    """One name in a folder."""

    name: str
    kind: Literal["file", "folder", "link", "other"]
    size: int = Field(description="Bytes of a file; 0 of anything else.")
    changed_at: datetime
    etag: str = Field(description="Another one as soon as the content has changed.")


class FolderListing(Wire):
    """What is in a folder, by name."""

    path: str
    entries: tuple[FileEntry, ...]
