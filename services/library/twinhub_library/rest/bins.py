"""The bin: what was deleted, restored or removed for good."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, status
from twinhub_api.library.files import BinItem, BinListing, FileEntry, Restoration
from twinhub_kit.files.errors import BadPathError

from twinhub_library.areas import split_path
from twinhub_library.rest.entries import wire_entry, wire_kind
from twinhub_library.rest.needs import KnownCaller, TheLibrary, writable_path

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller

    from twinhub_library.areas import Area
    from twinhub_library.bin import Removed
    from twinhub_library.library import Library

router = APIRouter(prefix="/api/bin", tags=["bin"])

AreaPath = Annotated[str, Query(description="The area, such as `alice` or `teams/pumps`.")]


@router.get("")
def list_bin(
    area: AreaPath, library: TheLibrary, caller: KnownCaller,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
    after: Annotated[str, Query(max_length=100)] = "",
) -> BinListing:  # fmt: skip
    """Return what is in the bin of an area, what was removed last first."""
    found = _area(library, caller, area)
    items = library.files.bin.list_items(found)
    if after:
        numbers = [one.id for one in items]
        items = items[numbers.index(after) + 1 :] if after in numbers else []
    page = items[:limit]
    return BinListing(
        area=str(found),
        items=tuple(wire_item(library, one) for one in page),
        next=page[-1].id if len(page) < len(items) else None,
    )


@router.post("/{number}/restore", status_code=status.HTTP_201_CREATED)
def restore(
    number: str, area: AreaPath, body: Restoration, library: TheLibrary, caller: KnownCaller
) -> FileEntry:
    """Move something back to where it was, or to another path where nothing is."""
    found = _area(library, caller, area)
    to = None if body.target is None else writable_path(library, caller, body.target)
    path = library.files.restore(caller, found, number, to=to)
    return wire_entry(library.tree.get_entry(path))


@router.delete("/{number}", status_code=status.HTTP_204_NO_CONTENT)
def purge(number: str, area: AreaPath, library: TheLibrary, caller: KnownCaller) -> None:
    """Remove something for good."""
    library.files.purge(caller, _area(library, caller, area), number)


def wire_item(library: Library, removed: Removed) -> BinItem:
    """Return something of the bin as answers have it."""
    return BinItem(
        id=removed.id, path=removed.path, kind=wire_kind(removed.kind),
        removed_by=removed.removed_by, removed_at=removed.removed_at,
        expires_at=removed.removed_at + timedelta(days=library.files.bin.days),
    )  # fmt: skip


def _area(library: Library, caller: Caller, text: str) -> Area:
    """Return the area whose bin is asked for.

    Raises:
        BadPathError: the text names no area, or more than one.
        LibraryError: as `writable_path`.
    """
    path = writable_path(library, caller, text)
    area, rest = split_path(path)
    if rest.names:
        raise BadPathError(f"{path} is in an area: name the area itself, {area}.")
    return area
