"""Files: read with ranges, write, delete, digest; and moving and copying, of folders too."""

from __future__ import annotations

import contextlib
import os
from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response, status
from starlette.concurrency import run_in_threadpool
from twinhub_api.library.files import BinItem, Checksum, FileEntry, Relocation
from twinhub_kit.application import problem_response
from twinhub_kit.files.errors import ChangedError, ExistsError, NotThereError

from twinhub_library.checksums import digest_file
from twinhub_library.moments import moment_of
from twinhub_library.nearness import MOST_BYTES_AT_ONCE, NotAtOnceError
from twinhub_library.rest.bins import wire_item
from twinhub_library.rest.conditions import (
    RangeError,
    check_if_match,
    find_ranges,
    http_date,
    is_unchanged,
    quoted,
    read_etags,
)
from twinhub_library.rest.entries import wire_entry
from twinhub_library.rest.media import describe
from twinhub_library.rest.needs import (
    KnownCaller,
    TheLibrary,
    have_done,
    readable_path,
    writable_path,
)
from twinhub_library.rest.receiving import declared_size, receive_body
from twinhub_library.rest.sending import FileResponse
from twinhub_library.tree import etag_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import FileIO

    from twinhub_kit.callers import Caller
    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.library import Library
    from twinhub_library.tree import Entry

router = APIRouter(tags=["files"])

_CONTENT = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_READ: dict[int | str, dict[str, object]] = {
    200: {"content": _CONTENT, "description": "The content."},
    206: {"content": _CONTENT, "description": "The ranges that were asked for."},
    304: {"description": "It is what the reader has."},
    416: {"description": "No range is in the file."},
}
_BODY = {"requestBody": {"content": _CONTENT, "required": True}}

Inline = Annotated[
    bool, Query(description="Show it where that is safe: pictures, sounds, and text as plain text.")
]


@router.get("/api/files/{path:path}", response_class=Response, responses=_READ)
async def read_file(
    path: str, request: Request, library: TheLibrary, caller: KnownCaller, *, inline: Inline = False
) -> Response:
    """Return a file's content, or ranges of it."""
    return await _send(request, library, caller, path, inline=inline)


@router.head("/api/files/{path:path}", response_class=Response, responses=_READ)
async def look_at_file(
    path: str, request: Request, library: TheLibrary, caller: KnownCaller, *, inline: Inline = False
) -> Response:
    """Return the headers that reading would."""
    return await _send(request, library, caller, path, inline=inline)


@router.put("/api/files/{path:path}", openapi_extra=_BODY)
async def write_file(
    path: str, request: Request, response: Response, library: TheLibrary, caller: KnownCaller
) -> FileEntry:
    """Put a file in place of what was there, whole.

    ``If-Match`` names the etag that the file must still have, ``If-None-Match: *`` says that there
    must be none.
    """
    place = await run_in_threadpool(writable_path, library, caller, path)
    known, if_match = await run_in_threadpool(_find_known, library, place, request.headers)
    file = await run_in_threadpool(
        partial(library.files.begin_file, place, size=declared_size(request))
    )
    try:
        await receive_body(request, file.write, partial(library.files.check_room, place))
        put = partial(library.files.put_in_place, place, file, if_match)
        entry = await have_done(request, library, place, put)
    except ExistsError as error:
        raise _as_condition(error, if_match) from error
    finally:
        file.close()
    response.status_code = status.HTTP_200_OK if known else status.HTTP_201_CREATED
    response.headers["ETag"] = quoted(entry.etag)
    return wire_entry(entry)


@router.delete("/api/files/{path:path}")
def delete(path: str, request: Request, library: TheLibrary, caller: KnownCaller) -> BinItem:
    """Move a file or folder, with all in it, into the bin of its area."""
    place = writable_path(library, caller, path)
    _, if_match = _find_known(library, place, request.headers)
    return wire_item(library, library.files.delete(caller, place, if_match=if_match))


@router.get("/api/entries/{path:path}")
def get_entry(path: str, response: Response, library: TheLibrary, caller: KnownCaller) -> FileEntry:
    """Return what is at a path, without its content; a link is not followed."""
    entry = library.tree.get_entry(readable_path(library, caller, path))
    response.headers["ETag"] = quoted(entry.etag)
    return wire_entry(entry)


@router.get("/api/checksums/{path:path}")
def get_checksum(path: str, library: TheLibrary, caller: KnownCaller) -> Checksum:
    """Return the SHA-256 of a file's content; it is read for it."""
    place = readable_path(library, caller, path)
    with os.fdopen(library.tree.open_file(place), "rb", buffering=0) as file:
        before = os.fstat(file.fileno())
        digest = digest_file(file.fileno())
        if etag_of(os.fstat(file.fileno())) != etag_of(before):
            raise ChangedError(f"{place} was changed while it was read: ask again.")
    return Checksum(path=str(place), digest=digest, size=before.st_size, etag=etag_of(before))


@router.post("/api/moves", status_code=status.HTTP_201_CREATED)
def move(body: Relocation, library: TheLibrary, caller: KnownCaller) -> FileEntry:
    """Move a file or folder to a path where nothing is."""
    source = writable_path(library, caller, body.source)
    target = writable_path(library, caller, body.target)
    move_files = partial(library.files.move, caller)
    return wire_entry(library.publishing.moves.make(source, target, move_files))


@router.post("/api/copies", status_code=status.HTTP_201_CREATED)
def copy(body: Relocation, library: TheLibrary, caller: KnownCaller) -> FileEntry:
    """Copy a file or folder, with all in it, to a path where nothing is."""
    source = readable_path(library, caller, body.source)
    target = writable_path(library, caller, body.target)
    return wire_entry(library.files.copy(source, target))


async def _send(
    request: Request, library: Library, caller: Caller, text: str, *, inline: bool
) -> Response:
    """Answer with a file; a small one on a disk of this machine without a thread of its own."""

    def answer(*, at_once: bool = False) -> Response:
        path = readable_path(library, caller, text, at_once=at_once)
        file: FileIO = os.fdopen(library.tree.open_file(path), "rb", buffering=0)
        try:
            if at_once and os.fstat(file.fileno()).st_size > MOST_BYTES_AT_ONCE:
                raise NotAtOnceError  # noqa: TRY301 - the file is closed below
            return _answer(request, file, path, inline=inline)
        except BaseException:
            file.close()
            raise

    if library.is_near:
        with contextlib.suppress(NotAtOnceError):
            return answer(at_once=True)
    return await run_in_threadpool(answer)


def _answer(request: Request, file: FileIO, path: RelativePath, *, inline: bool) -> Response:
    found = os.fstat(file.fileno())
    etag, changed_at = etag_of(found), moment_of(found.st_mtime_ns)
    state = {
        "ETag": quoted(etag), "Last-Modified": http_date(changed_at),
        "Cache-Control": "private, no-cache",
    }  # fmt: skip
    check_if_match(request.headers, etag)
    headers = {**state, **describe(path.name, inline=inline)}
    if is_unchanged(request.headers, etag, changed_at):
        file.close()
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=state)
    try:
        ranges = find_ranges(request.headers, found.st_size, etag=etag, changed_at=changed_at)
    except RangeError as error:
        problem = problem_response(error.status, str(error), code=error.code)
        problem.headers["Content-Range"] = f"bytes */{found.st_size}"
        file.close()
        return problem
    return FileResponse(
        file, size=found.st_size, headers=headers, ranges=ranges,
        has_body=request.method != "HEAD",
    )  # fmt: skip


def _find_known(
    library: Library, path: RelativePath, headers: Mapping[str, str]
) -> tuple[Entry | None, str | None]:
    """Return what is at a path, and the etag that it must still have when it is changed.

    Raises:
        ChangedError: it does not have it now.
    """
    try:
        known = library.tree.get_entry(path)
    except NotThereError:
        known = None
    if (wanted := headers.get("if-match")) is not None:
        if known is None or not {"*", known.etag} & set(read_etags(wanted)):
            raise ChangedError(f"{path} was changed meanwhile: load it anew.")
        return known, known.etag
    if "*" in read_etags(headers.get("if-none-match", '""')):
        if known is not None:
            raise ChangedError(f"{path} is there already: load it first.")
        return known, ""
    return known, None


def _as_condition(error: ExistsError, if_match: str | None) -> Exception:
    """Return what to say where something is there: a condition has failed, if there was one."""
    return ChangedError(str(error)) if if_match == "" else error
