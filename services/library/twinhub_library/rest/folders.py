"""Folders: what is in them."""

from __future__ import annotations

from fastapi import APIRouter
from twinhub_api.library.files import FileEntry, FolderListing

from twinhub_library.rest.needs import KnownCaller, TheLibrary, readable_path

router = APIRouter(tags=["files"])


@router.get("/api/folders/{path:path}")
def list_folder(path: str, library: TheLibrary, caller: KnownCaller) -> FolderListing:
    """Return what is in a folder, by name."""
    folder = readable_path(library, caller, path)
    entries = [
        FileEntry(
            name=one.name, kind=one.kind.value, size=one.size,
            changed_at=one.changed_at, etag=one.etag,
        )
        for one in library.tree.list_folder(folder)
    ]  # fmt: skip
    return FolderListing(path=str(folder), entries=tuple(entries))
