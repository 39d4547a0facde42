"""Folders: what is in them, and new ones."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, status
from twinhub_api.library.files import FileEntry, FolderListing

from twinhub_library.areas import COMMON, KEPT
from twinhub_library.errors import BadRequestError
from twinhub_library.rest.entries import wire_entry
from twinhub_library.rest.needs import KnownCaller, TheLibrary, readable_path, writable_path

if TYPE_CHECKING:
    from twinhub_library.paths import RelativePath

router = APIRouter(tags=["files"])

_MOST_ON_A_PAGE = 1000


@router.get("/api/folders/{path:path}")
def list_folder(
    path: str, library: TheLibrary, caller: KnownCaller,
    limit: Annotated[int, Query(ge=1, le=_MOST_ON_A_PAGE)] = _MOST_ON_A_PAGE,
    after: Annotated[str, Query(max_length=400)] = "",
) -> FolderListing:  # fmt: skip
    """Return what is in a folder, by name, page by page."""
    folder = readable_path(library, caller, path)
    entries, last = library.tree.list_page(folder, limit=limit, after=_read_cursor(after))
    return FolderListing(
        path=str(folder),
        entries=tuple(wire_entry(one) for one in entries if not _is_kept(folder, one.name)),
        next=_cursor(last) if last else None,
    )


@router.post("/api/folders/{path:path}", status_code=status.HTTP_201_CREATED)
def make_folder(path: str, library: TheLibrary, caller: KnownCaller) -> FileEntry:
    """Make a folder in one that is there."""
    return wire_entry(library.files.make_folder(writable_path(library, caller, path)))


def _is_kept(folder: RelativePath, name: str) -> bool:
    return name in KEPT and folder.names[:1] == (COMMON,)


def _cursor(name: str) -> str:
    return urlsafe_b64encode(name.encode("utf-8", "surrogateescape")).decode().rstrip("=")


def _read_cursor(text: str) -> str:
    try:
        content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return content.decode("utf-8", "surrogateescape")
    except ValueError as error:
        raise BadRequestError("after: no cursor of a listing; begin without one.") from error
