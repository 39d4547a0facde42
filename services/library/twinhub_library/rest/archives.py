"""A folder as an archive, and an archive as a new folder."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Query, Request, Response, status
from starlette.concurrency import run_in_threadpool
from twinhub_api.library.files import Unpacked
from twinhub_kit.files.errors import BadPathError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.archives.packing import pack_tar, pack_zip
from twinhub_library.areas import COMMON, OWN_FOLDER
from twinhub_library.rest.media import GUARDS, disposition
from twinhub_library.rest.needs import (
    ATurn,
    KnownCaller,
    TheLibrary,
    have_done,
    readable_path,
    writable_path,
)
from twinhub_library.rest.receiving import declared_size, receive_body
from twinhub_library.rest.sending import ChunksResponse

if TYPE_CHECKING:
    from twinhub_kit.files.newfile import NewFile

    from twinhub_library.library import Library

router = APIRouter(prefix="/api/archives", tags=["archives"])

_SPOOL = RelativePath((OWN_FOLDER, "incoming"))
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_CONTENT = {"application/zip": _BINARY, "application/x-tar": _BINARY}
_PACKERS = {"zip": (pack_zip, "application/zip"), "tar": (pack_tar, "application/x-tar")}


@router.get(
    "/{path:path}",
    response_class=Response,
    responses={200: {"content": _CONTENT, "description": "The archive."}},
)
def pack(
    path: str, library: TheLibrary, caller: KnownCaller, turn: ATurn,
    kind: Annotated[Literal["zip", "tar"], Query(alias="format")] = "zip",
    *,
    everything: Annotated[bool, Query(description="Also what `.twinignore` leaves out.")] = False,
) -> Response:  # fmt: skip
    """Return a folder as an archive, made while it is sent; links stay out of it."""
    folder = readable_path(library, caller, path)
    if folder.names == (COMMON,):
        raise BadPathError("Name a kind or an asset: all of common is not sent at once.")
    opening = partial(library.tree.open_folder_descriptor, folder)
    packer, media_type = _PACKERS[kind]
    chunks = packer(opening, folder.name, everything=everything)
    first = next(chunks)  # what cannot be opened is said before anything is sent
    return ChunksResponse(
        first,
        chunks,
        turn,
        {
            **GUARDS, "Content-Type": media_type, "Cache-Control": "private, no-store",
            "Content-Disposition": disposition(f"{folder.name}.{kind}"),
        },
    )  # fmt: skip


@router.post(
    "/{path:path}",
    status_code=status.HTTP_201_CREATED,
    openapi_extra={"requestBody": {"content": _CONTENT, "required": True}},
)
async def unpack(
    path: str, request: Request, library: TheLibrary, caller: KnownCaller, turn: ATurn
) -> Unpacked:
    """Unpack a zip, tar, tar.gz or tar.bz2 into a new folder: all of it or nothing."""
    target = await run_in_threadpool(writable_path, library, caller, path)
    spool = await run_in_threadpool(_begin, library, target, declared_size(request))
    try:
        await receive_body(request, spool.write, partial(library.files.check_room, target))
        async with turn():
            unpack_all = partial(library.files.unpack, spool.descriptor, target)
            entries, size = await have_done(request, library, target, unpack_all)
    finally:
        spool.close()
    return Unpacked(path=str(target), entries=entries, size=size)


def _begin(library: Library, target: RelativePath, size: int) -> NewFile:
    library.files.check_room(target, size)
    library.tree.ensure_folder(_SPOOL)
    return library.tree.begin_file(_SPOOL / "archive")
