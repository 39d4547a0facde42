"""Entries as they go over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.library.files import FileEntry

if TYPE_CHECKING:
    from twinhub_api.library.files import EntryKind as WireKind

    from twinhub_library.tree import Entry, EntryKind


def wire_entry(entry: Entry) -> FileEntry:
    """Return an entry as answers have it."""
    return FileEntry(
        name=entry.name, kind=wire_kind(entry.kind), size=entry.size, changed_at=entry.changed_at,
        etag=entry.etag, is_usable=entry.is_usable,
    )  # fmt: skip


def wire_kind(kind: EntryKind) -> WireKind:
    """Return what a name stands for as answers have it."""
    word: WireKind = kind.value
    return word
