"""Imports, their updates, and pins."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response, status
from twinhub_api.library.imports import (
    FileOutcome,
    FreshRequest,
    Import,
    ImportList,
    ImportRequest,
    Pin,
    PinList,
    PinRequest,
    UpdateReport,
    UpdateRequest,
)
from twinhub_api.operations import Operation  # noqa: TC002 - FastAPI reads it
from twinhub_kit.files.errors import NotThereError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import split_path
from twinhub_library.errors import BadRequestError
from twinhub_library.imports.sources import split_pin
from twinhub_library.rest.answers import answer_with_etag
from twinhub_library.rest.needs import (
    KnownCaller,
    Number,
    TheLibrary,
    readable_path,
    writable_path,
)
from twinhub_library.rest.seen import IfMatch, IfNoneMatch, as_seen, with_etag
from twinhub_library.rest.slices import After, Limit, slice_page

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller
    from twinhub_kit.operations import Progress

    from twinhub_library.areas import Area
    from twinhub_library.imports.imports import Updated
    from twinhub_library.library import Library
    from twinhub_library.store.publishing import ImportRow, PinRow

router = APIRouter(tags=["imports"])

AreaPath = Annotated[str, Query(description="An area; yours if empty.", max_length=600)]
_SHORTEST_PLACE = 2


@router.get("/api/imports")
def list_imports(
    library: TheLibrary, caller: KnownCaller, area: AreaPath = "", limit: Limit = 100,
    after: After = None,
) -> ImportList:  # fmt: skip
    """Return the imports in an area, by path."""
    rows = library.publishing.imports.list_in(_area(library, caller, area))
    page, more = slice_page(rows, limit, after, lambda row: row.place)
    return ImportList(imports=tuple(wire_import(library, row) for row in page), next=more)


@router.post("/api/imports", status_code=status.HTTP_202_ACCEPTED)
def start_import(body: ImportRequest, library: TheLibrary, caller: KnownCaller) -> Operation:
    """Copy an asset into your area or a team's; the operation's result is an `Import`."""
    text, pin = split_pin(body.source)
    source = readable_path(library, caller, text)
    kind_and_name = "/".join(source.names[-2:])
    place = writable_path(library, caller, body.target or f"{caller.label}/{kind_and_name}")
    if len(split_path(place)[1].names) < _SHORTEST_PLACE:
        raise BadRequestError(f"{place} is no place for an asset: name a kind and a name.")
    imports = library.publishing.imports

    def check(caller: Caller) -> None:
        readable_path(library, caller, str(source))
        writable_path(library, caller, str(place))

    def work(caller: Caller, progress: Progress) -> Import:
        progress.say(f"Copying {source}")
        return wire_import(library, imports.start(caller, source, pin, place))

    return library.operations.start(caller, "import", f"Import {source}", check, work)


@router.get("/api/imports/{number}")
def get_import(number: Number, library: TheLibrary, caller: KnownCaller) -> Import:
    """Return one import."""
    return wire_import(library, _row(library, caller, number))


@router.delete("/api/imports/{number}", status_code=status.HTTP_204_NO_CONTENT)
def forget_import(number: Number, library: TheLibrary, caller: KnownCaller) -> Response:
    """Let a copy be an asset of its own: nothing is removed, and it is updated no more."""
    library.publishing.imports.forget(_row(library, caller, number))
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/api/imports/{number}/update", status_code=status.HTTP_202_ACCEPTED)
def update_import(
    number: Number, body: UpdateRequest, library: TheLibrary, caller: KnownCaller
) -> Operation:
    """Bring a copy to a version; your changes stay. The operation's result is an `UpdateReport`."""
    find = partial(_find_row, library, number=number)
    row, imports = find(caller), library.publishing.imports

    def work(caller: Caller, progress: Progress) -> UpdateReport:
        progress.say(f"Comparing {row.place}")
        if body.dry_run:
            return wire_report(imports.preview(row, body.version), dry_run=True)
        updated = imports.update(caller, row, body.version)
        return wire_report(updated, dry_run=False)

    return library.operations.start(caller, "update", f"Update {row.place}", find, work)


@router.post("/api/imports/{number}/fresh", status_code=status.HTTP_202_ACCEPTED)
def start_fresh(
    number: Number, body: FreshRequest, library: TheLibrary, caller: KnownCaller
) -> Operation:
    """Import anew, beside the older copy or in its place; the result is an `Import`."""
    find = partial(_find_row, library, number=number)
    row, imports = find(caller), library.publishing.imports
    start = imports.start_beside if body.older == "beside" else imports.start_fresh

    def work(caller: Caller, progress: Progress) -> Import:
        progress.say(f"Copying {row.source}")
        return wire_import(library, start(caller, row, body.version))

    return library.operations.start(caller, "import", f"Import {row.source} anew", find, work)


@router.get("/api/pins")
def list_pins(
    library: TheLibrary, caller: KnownCaller, area: AreaPath = "", limit: Limit = 100,
    after: After = None,
) -> PinList:  # fmt: skip
    """Return the pins of an area, by asset."""
    rows = library.publishing.pins.list_in(_area(library, caller, area))
    page, more = slice_page(rows, limit, after, lambda row: row.asset)
    return PinList(pins=tuple(wire_pin(library, row) for row in page), next=more)


@router.post("/api/pins")
def put_pin(
    body: PinRequest, response: Response, library: TheLibrary, caller: KnownCaller,
    if_match: IfMatch = None, if_none_match: IfNoneMatch = None,
) -> Pin:  # fmt: skip
    """Pin a version of a published asset, in place of an older pin of the area.

    `If-Match` is the etag of the older pin.
    """
    text, pin = split_pin(body.asset)
    asset = readable_path(library, caller, text)
    area = split_path(writable_path(library, caller, body.area or caller.label))[0]
    pins = library.publishing.pins

    def look() -> Pin | None:
        kept = pins.find(area, asset)
        return wire_pin(library, kept) if kept else None

    with as_seen(library, if_match, look, if_none_match):
        row = pins.put(caller, area, asset, pin)
    return with_etag(response, wire_pin(library, row))


@router.get("/api/pins/{number}", response_model=Pin)
def get_pin(number: Number, request: Request, library: TheLibrary, caller: KnownCaller) -> Response:
    """Return one pin."""
    return answer_with_etag(request, _pin(library, caller, number))


@router.delete("/api/pins/{number}", status_code=status.HTTP_204_NO_CONTENT)
def remove_pin(
    number: Number, library: TheLibrary, caller: KnownCaller, if_match: IfMatch = None
) -> Response:
    """Remove a pin.

    `If-Match` is the etag of the pin.
    """
    with as_seen(library, if_match, partial(_pin, library, caller, number)):
        library.publishing.pins.remove(_pin_row(library, caller, number))
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def wire_import(library: Library, row: ImportRow) -> Import:
    """Return an import as it goes over the wire."""
    newest = library.publishing.imports.sources.find_newest(RelativePath.parse(row.source))
    return Import(
        id=row.id, path=row.place, source=row.source, version=row.version, digest=row.digest,
        newest=newest.version if newest else "",
        is_outdated=newest is not None and newest.digest != row.digest, made_by=row.made_by,
        made_at=datetime.fromtimestamp(row.made_at, UTC),
        updated_at=datetime.fromtimestamp(row.updated_at, UTC),
    )  # fmt: skip


def wire_report(updated: Updated, *, dry_run: bool) -> UpdateReport:
    """Return what an update did as it goes over the wire."""
    return UpdateReport(
        path=updated.row.place, version=updated.source.version, dry_run=dry_run,
        files=tuple(
            FileOutcome(path=one.path, outcome=one.outcome.value, copy_path=one.copy, note=one.note)
            for one in updated.report.files
        ),
        conflicts=len(updated.report.conflicts),
    )  # fmt: skip


def wire_pin(library: Library, row: PinRow) -> Pin:
    """Return a pin as it goes over the wire."""
    *_, kind, name = row.asset.split("/")
    version = library.publishing.publisher.versions.get(kind, name, row.version)
    inside = f"/{version.inside}" if version.inside else ""
    return Pin(
        id=row.id, area=row.area, asset=row.asset, version=row.version, digest=row.digest,
        content=f"common/.store/{row.digest}{inside}", is_withdrawn=version.is_withdrawn,
        made_by=row.made_by, made_at=datetime.fromtimestamp(row.made_at, UTC),
    )  # fmt: skip


def _area(library: Library, caller: Caller, text: str) -> Area:
    return split_path(readable_path(library, caller, text or caller.label))[0]


def _row(library: Library, caller: Caller, number: int) -> ImportRow:
    """Return an import in an area that the caller may change."""
    row = library.publishing.imports.get(number)
    _check_area(library, caller, row.place, f"There is no import {number}.")
    return row


def _find_row(library: Library, caller: Caller, *, number: int) -> ImportRow:
    """Return an import that the caller may change, of a source that the caller may read."""
    row = _row(library, caller, number)
    readable_path(library, caller, row.source)  # the copy may be a team's of a member's own asset
    return row


def _pin(library: Library, caller: Caller, number: int) -> Pin:
    return wire_pin(library, _pin_row(library, caller, number))


def _pin_row(library: Library, caller: Caller, number: int) -> PinRow:
    """Return a pin of an area that the caller may change."""
    row = library.publishing.pins.get(number)
    _check_area(library, caller, row.area, f"There is no pin {number}.")
    return row


def _check_area(library: Library, caller: Caller, path: str, message: str) -> None:
    try:
        writable_path(library, caller, path)
    except NotThereError as error:
        raise NotThereError(message) from error
