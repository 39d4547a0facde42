"""Files and folders."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from twinhub_api.wire import Wire

EntryKind = Literal["file", "folder", "link", "other"]


class FileEntry(Wire):
    """One name in a folder."""

    name: str
    kind: EntryKind
    size: int = Field(description="Bytes of a file; 0 of anything else.")
    changed_at: datetime
    etag: str = Field(description="Another one as soon as the content has changed.")
    is_usable: bool = Field(
        default=True,
        description="False where the name on the disk is no text in UTF-8 or holds what cannot be "
        "seen: shown with replacements, to be renamed in a terminal.",
    )


class FolderListing(Wire):
    """What is in a folder, by name."""

    path: str
    entries: tuple[FileEntry, ...]
    next: str | None = Field(
        default=None, description="What `after` is for the next page; null where there is none."
    )


class Relocation(Wire):
    """What is moved or copied, and where to; nothing may be there."""

    source: str
    target: str


class Checksum(Wire):
    """The digest of a file's content."""

    path: str
    algorithm: Literal["sha256"] = "sha256"
    digest: str = Field(description="Hexadecimal digits.")
    size: int
    etag: str = Field(description="Of the file that was read.")


class BinItem(Wire):
    """Something that was deleted and can be restored."""

    id: str
    path: str = Field(description="Where it was.")
    kind: EntryKind
    removed_by: str
    removed_at: datetime
    expires_at: datetime = Field(description="When it is removed for good.")


class BinListing(Wire):
    """What is in the bin of an area, what was removed last first."""

    area: str
    items: tuple[BinItem, ...]
    next: str | None = None


class Restoration(Wire):
    """Where something of the bin is to go."""

    target: str | None = Field(default=None, description="Null for where it was.")


class Unpacked(Wire):
    """What an archive has become."""

    path: str
    entries: int = Field(description="Files and folders in the archive.")
    size: int = Field(description="Bytes of all files.")
