"""Uploads that can be resumed: tus 1.0.0 (https://tus.io/protocols/resumable-upload).

The protocol is `tuspyserver`'s; where a file is to go comes in the metadata ``path``. Before its
routes a guard decides who may do what, for they write a body before they ask anything else.
"""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response, status
from starlette.concurrency import run_in_threadpool
from tuspyserver import create_tus_router
from twinhub_api.library.uploads import OpenUpload, OpenUploads
from twinhub_kit.application import serve_routes
from twinhub_kit.files.errors import NotThereError
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.numbers import read_number

from twinhub_library.errors import BadRequestError
from twinhub_library.rest.needs import ATurn, KnownCaller, TheLibrary, have_done, writable_path
from twinhub_library.rest.tus import ALGORITHMS, CURRENT, Piece, UploadStorage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from twinhub_kit.callers import Caller

    from twinhub_library.library import Library
    from twinhub_library.uploads import Upload

PREFIX = "/api/uploads"
VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,checksum,termination"
CONTENT_TYPE = "application/offset+octet-stream"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def serve_uploads(application: FastAPI, library: Library) -> None:
    """Add the routes of uploads to an application."""
    settings = library.settings
    serve_routes(application, _own)
    serve_routes(application, _protocol(settings.limits.largest_file, settings.upload_days))
    application.add_middleware(RelativeLocation)


@cache
def _protocol(largest_file: int, days: int) -> APIRouter:
    """Return tuspyserver's routes behind the guard; they take long to make, and know no library."""
    router = APIRouter(dependencies=[Depends(_guard)])
    router.include_router(
        create_tus_router(
            prefix=PREFIX,
            files_dir="/nonexistent",
            max_size=largest_file,
            days_to_keep=days,
            file_dep=_begin,  # type: ignore[arg-type]  # what it returns is awaited
            upload_complete_dep=_finish,  # type: ignore[arg-type]
            storage=UploadStorage(),
            tags=["uploads"],
        )
    )
    return router


_own = APIRouter(prefix=PREFIX, tags=["uploads"])


@_own.options("", status_code=status.HTTP_204_NO_CONTENT)
@_own.options("/", status_code=status.HTTP_204_NO_CONTENT, include_in_schema=False)
def describe(library: TheLibrary, caller: KnownCaller) -> Response:
    """Return what of tus is spoken here, and how large a file may be."""
    del caller
    headers = {
        "Tus-Resumable": VERSION, "Tus-Version": VERSION, "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(library.settings.limits.largest_file),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }  # fmt: skip
    return Response(status_code=status.HTTP_204_NO_CONTENT, headers=headers)


@_own.get("")
def list_uploads(library: TheLibrary, caller: KnownCaller) -> OpenUploads:
    """Return the caller's own uploads that can be resumed, the first to expire first."""
    found = library.uploads.list_of(caller.name)
    return OpenUploads(uploads=tuple(_wire(library, one) for one in found))


def _wire(library: Library, upload: Upload) -> OpenUpload:
    return OpenUpload(
        id=upload.id, path=upload.path, size=upload.size,
        offset=library.uploads.get_offset(upload), expires_at=upload.expires_at,
    )  # fmt: skip


async def _guard(
    request: Request, library: TheLibrary, caller: KnownCaller,
    upload_checksum: Annotated[str, Header()] = "",
) -> None:  # fmt: skip
    """Let through what the caller may do and the routes do right; before a byte is written.

    Raises:
        HTTPException: another version of tus, or another media type.
        BadRequestError: something that is not spoken here.
        NotThereError: an upload of somebody else.
    """
    method = request.method  # after X-HTTP-Method-Override, which tuspyserver's routes obey
    if request.headers.get("tus-resumable") != VERSION:
        headers = {"Tus-Version": VERSION}
        raise HTTPException(412, f"Send Tus-Resumable: {VERSION}.", headers)
    CURRENT.set(Piece(library.uploads, upload_checksum))
    if method == "POST":
        _guard_creation(request)
        return
    upload = library.uploads.get(str(request.path_params["uuid"]))
    if upload.owner != caller.name:
        raise NotThereError("There is no such upload: it has ended, or expired. Begin anew.")
    if method == "PATCH":
        if request.headers.get("content-type") != CONTENT_TYPE:
            raise HTTPException(415, f"Send Content-Type: {CONTENT_TYPE}.")
        await run_in_threadpool(writable_path, library, caller, upload.path)


def _guard_creation(request: Request) -> None:
    headers = request.headers
    if "upload-concat" in headers or "upload-defer-length" in headers:
        raise BadRequestError(f"Of tus, {EXTENSIONS} are spoken here: say how long the file is.")
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise BadRequestError("An upload begins without content: send it by PATCH.")
    if read_number(headers.get("upload-length", "")) is None:
        raise BadRequestError("Upload-Length: say how many bytes the file has.")


async def _begin(
    request: Request, library: TheLibrary, caller: KnownCaller
) -> Callable[[dict[str, str]], Awaitable[dict[str, str]]]:
    """Return what tuspyserver calls with the metadata of an upload that begins."""

    async def begin(metadata: dict[str, str]) -> dict[str, str]:
        if request.method != "POST":
            return {}
        size = int(request.headers["upload-length"])
        upload = await run_in_threadpool(_begin_upload, library, caller, metadata, size)
        return {"uid": upload.id}

    return begin


def _begin_upload(library: Library, caller: Caller, metadata: dict[str, str], size: int) -> Upload:
    if not metadata.get("path"):
        raise BadRequestError(
            "Upload-Metadata: `path` says where the file is to be, such as alice/data/x.csv."
        )
    digest = metadata.get("sha256", "").lower()
    if digest and not _SHA256.fullmatch(digest):
        raise BadRequestError("Upload-Metadata: `sha256` is 64 hexadecimal digits.")
    path = writable_path(library, caller, metadata["path"])
    return library.uploads.begin(
        caller.name, path, size, if_match=metadata.get("if_match"), sha256=digest
    )


async def _finish(
    request: Request, library: TheLibrary, turn: ATurn
) -> Callable[[str, dict[str, str]], Awaitable[None]]:
    """Return what tuspyserver calls when all of an upload has arrived."""

    async def finish(uid: str, _: dict[str, str]) -> None:
        path = RelativePath.parse(library.uploads.get(uid).path)
        async with turn():
            await have_done(request, library, path, partial(library.uploads.finish, uid))

    return finish


class RelativeLocation:
    """Has an upload's address begin where the request went, whatever is before the library.

    tuspyserver makes it of the request's host and path, which behind an edge are others.
    """

    def __init__(self, application: ASGIApp) -> None:
        """Wrap an application."""
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path.rstrip("/") != PREFIX:
            await self._application(scope, receive, send)
            return

        async def relative(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [_shorten(one, path) for one in message["headers"]]
            await send(message)

        await self._application(scope, receive, relative)


def _shorten(header: tuple[bytes, bytes], path: str) -> tuple[bytes, bytes]:
    if header[0].lower() != b"location":
        return header
    number = header[1].rpartition(b"/")[2]
    return header[0], number if path.endswith("/") else b"uploads/" + number
