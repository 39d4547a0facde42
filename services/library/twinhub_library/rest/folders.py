"""Folders: what is in them, and new ones."""

from __future__ import annotations

import contextlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Response, status
from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool
from twinhub_api.library.files import FileEntry, FolderListing

from twinhub_library.areas import COMMON, KEPT
from twinhub_library.errors import BadRequestError
from twinhub_library.nearness import NotAtOnceError
from twinhub_library.rest.entries import wire_entry
from twinhub_library.rest.needs import KnownCaller, TheLibrary, readable_path, writable_path
from twinhub_library.tree import Entry  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_kit.files.paths import RelativePath

router = APIRouter(tags=["files"])

_MOST_ON_A_PAGE = 1000


@dataclass(frozen=True, slots=True)
class _Listing:
    """What `FolderListing` is made of: an entry of the tree has the very fields of a `FileEntry`.

    Written as it is, it takes a fifth of the time that checking each entry once more does.
    """

    path: str
    entries: list[Entry]
    next: str | None


_LISTINGS = TypeAdapter(_Listing)


@router.get("/api/folders/{path:path}", response_model=FolderListing)
async def list_folder(
    path: str, library: TheLibrary, caller: KnownCaller,
    limit: Annotated[int, Query(ge=1, le=_MOST_ON_A_PAGE)] = _MOST_ON_A_PAGE,
    after: Annotated[str, Query(max_length=400)] = "",
) -> Response:  # fmt: skip
    """Return what is in a folder, by name, page by page."""

    def answer(*, at_once: bool = False) -> Response:
        folder = readable_path(library, caller, path, at_once=at_once)
        page = library.tree.list_page(
            folder, limit=limit, after=_read_cursor(after), at_once=at_once
        )
        return _answer(folder, *page)

    if library.is_near:
        with contextlib.suppress(NotAtOnceError):
            return answer(at_once=True)
    return await run_in_threadpool(answer)


@router.post("/api/folders/{path:path}", status_code=status.HTTP_201_CREATED)
def make_folder(path: str, library: TheLibrary, caller: KnownCaller) -> FileEntry:
    """Make a folder in one that is there."""
    return wire_entry(library.files.make_folder(writable_path(library, caller, path)))


def _answer(folder: RelativePath, entries: Sequence[Entry], last: str) -> Response:
    shown = [one for one in entries if not _is_kept(folder, one.name)]
    listing = _Listing(str(folder), shown, _cursor(last) if last else None)
    return Response(_LISTINGS.dump_json(listing), media_type="application/json")


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
