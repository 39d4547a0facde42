"""Publishing, and what becomes of versions."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response, status
from twinhub_api.library.publishing import (
    Deprecation,
    Difference,
    FileDifference,
    Published,
    PublishRequest,
    Transfer,
    Version,
    VersionList,
    Withdrawal,
)
from twinhub_api.names import label_for
from twinhub_api.operations import Operation  # noqa: TC002 - FastAPI reads it
from twinhub_dtconfig.references import AssetKind  # noqa: TC002 - FastAPI reads it
from twinhub_dtconfig.versions import newest
from twinhub_kit.files.errors import ChangedError, NotThereError

from twinhub_library.areas import THE_COMMON_AREA
from twinhub_library.catalogue import find_asset, say_no_asset
from twinhub_library.errors import BadRequestError
from twinhub_library.merging import FolderContent
from twinhub_library.publishing.differences import compare
from twinhub_library.publishing.grants import Verdict
from twinhub_library.publishing.publisher import Wish
from twinhub_library.publishing.versions import owns
from twinhub_library.requirements import Resolver
from twinhub_library.rest.answers import answer_with_etag
from twinhub_library.rest.needs import KnownCaller, TheLibrary, sees, writable_path
from twinhub_library.rest.proposals import wire_proposal
from twinhub_library.rest.seen import IfMatch, as_seen, with_etag
from twinhub_library.rest.slices import After, Limit, slice_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_kit.callers import Caller
    from twinhub_kit.operations import Progress

    from twinhub_library.assets import Asset
    from twinhub_library.library import Library
    from twinhub_library.publishing.publisher import Prepared
    from twinhub_library.store.publishing import VersionRow

router = APIRouter(tags=["publishing"])


class Address(NamedTuple):
    """What names a version in a route's path."""

    kind: AssetKind
    name: str
    version: str


def get_address(kind: AssetKind, name: str, version: str) -> Address:
    """Return what a route's path names."""
    return Address(kind, name, version)


TheVersion = Annotated[Address, Depends(get_address)]
"""Type of a route's parameter that says which version its path names."""


@router.post("/api/versions", status_code=status.HTTP_202_ACCEPTED)
def publish(
    body: PublishRequest, library: TheLibrary, caller: KnownCaller, if_match: IfMatch = None
) -> Operation:
    """Publish an asset as a version, or propose it where your grant asks for review.

    The operation's result is a `Published`. `If-Match` is the etag of the asset's list of versions.
    """
    path = writable_path(library, caller, body.path)
    asset = find_asset(library.tree, path)
    if asset is None or asset.path != path:
        raise NotThereError(say_no_asset(library.tree, path))
    wish = Wish(asset, body.version, body.message, body.changelog, body.allowed_secrets)
    library.publishing.publisher.check(caller, wish)
    seen = partial(as_seen, library, if_match, partial(_versions, library, caller, asset))
    with seen():
        pass  # what is wrong by now is told at once

    def check(caller: Caller) -> None:
        writable_path(library, caller, body.path)
        library.publishing.publisher.check(caller, wish)

    def work(caller: Caller, progress: Progress) -> Published:
        progress.say("Copying and checking")
        prepared = library.publishing.publisher.prepare(caller, wish)
        if body.dry_run:
            library.publishing.publisher.discard(prepared)
            return Published(state="checked", version=wire_version(prepared.row, caller, None))
        try:
            with seen():
                return _publish(library, caller, prepared)
        except ChangedError:
            library.publishing.publisher.discard(prepared)
            raise

    return library.operations.start(caller, "publish", f"Publish {path}", check, work)


@router.get("/api/versions", response_model=VersionList)
def list_versions(
    request: Request,
    library: TheLibrary,
    caller: KnownCaller,
    kind: AssetKind | None = None,
    limit: Limit = 100,
    after: After = None,
) -> Response:
    """Return the published versions, by kind and name, in order of their publishing."""
    rows = [
        row
        for row in library.publishing.publisher.versions.list_all(kind)
        if sees(library, caller, row)
    ]
    page, more = slice_page(rows, limit, after, lambda row: str(row.id))
    known = {(row.kind, row.name): _newest(library, row.kind, row.name) for row in page}
    found = VersionList(
        versions=tuple(wire_version(row, caller, known[row.kind, row.name]) for row in page),
        next=more,
    )
    return answer_with_etag(request, found)


@router.get("/api/versions/{kind}/{name}", response_model=VersionList)
def list_versions_of(
    kind: AssetKind, name: str, request: Request, library: TheLibrary, caller: KnownCaller
) -> Response:
    """Return the versions of an asset, the highest first."""
    return answer_with_etag(request, _list_of(library, caller, kind, name))


@router.get("/api/versions/{kind}/{name}/{version}", response_model=Version)
def get_version(
    kind: AssetKind, name: str, version: str, request: Request, library: TheLibrary,
    caller: KnownCaller,
) -> Response:  # fmt: skip
    """Return one version."""
    return answer_with_etag(request, _version(library, caller, kind, name, version))


@router.get("/api/versions/{kind}/{name}/{version}/difference")
def compare_versions(
    kind: AssetKind, name: str, version: str, library: TheLibrary, caller: KnownCaller,
    since: Annotated[str, Query(description="The older version.")],
) -> Difference:  # fmt: skip
    """Return what differs between two versions."""
    store = library.publishing.publisher.store
    sides = [
        FolderContent(library.tree, store.path(_row(library, caller, kind, name, one).digest))
        for one in (since, version)
    ]
    return wire_difference(compare(*sides))


@router.post("/api/versions/{kind}/{name}/deprecation")
def deprecate(
    kind: AssetKind, name: str, body: Deprecation, library: TheLibrary, caller: KnownCaller,
    if_match: IfMatch = None,
) -> VersionList:  # fmt: skip
    """Say of one version, or of all, that something else is better.

    `If-Match` is the etag of the asset's list of versions.
    """
    rows = _rows(library, caller, kind, name)
    if body.version:
        rows = [_row(library, caller, kind, name, body.version)]
    if body.why and body.successor:
        _check_successor(library, caller, body.successor)
    with as_seen(library, if_match, partial(_list_of, library, caller, kind, name)):
        changed = library.publishing.publisher.deprecate(
            caller, rows, why=body.why, successor=body.successor
        )
    latest = _newest(library, kind, name)
    return VersionList(versions=tuple(wire_version(row, caller, latest) for row in changed))


@router.post("/api/versions/{kind}/{name}/{version}/withdrawal")
def withdraw(
    at: TheVersion, body: Withdrawal, response: Response, library: TheLibrary,
    caller: KnownCaller, if_match: IfMatch = None,
) -> Version:  # fmt: skip
    """Hide a version from everybody who does not use it yet.

    `If-Match` is the etag of the version.
    """
    row = _row(library, caller, *at)
    with as_seen(library, if_match, partial(_version, library, caller, *at)):
        changed = library.publishing.publisher.withdraw(caller, row, why=body.why)
    return with_etag(response, wire_version(changed, caller, _newest(library, row.kind, row.name)))


@router.post("/api/versions/{kind}/{name}/transfer")
def transfer(
    kind: AssetKind, name: str, body: Transfer, library: TheLibrary, caller: KnownCaller,
    if_match: IfMatch = None,
) -> VersionList:  # fmt: skip
    """Give an asset with all its versions to another owner.

    `If-Match` is the etag of the asset's list of versions.
    """
    _rows(library, caller, kind, name)
    owner = f"{body.kind}:{label_for(body.name)}"
    with as_seen(library, if_match, partial(_list_of, library, caller, kind, name)):
        changed = library.publishing.publisher.transfer(caller, kind, name, owner)
    latest = _newest(library, kind, name)
    return VersionList(versions=tuple(wire_version(row, caller, latest) for row in changed))


def _check_successor(library: Library, caller: Caller, successor: str) -> None:
    """Refuse what is not published: everybody who uses the old one is sent there."""
    found = Resolver(library.tree, library.listing, caller, ()).resolve(successor)
    if found.problem:
        raise BadRequestError(f"successor: {found.problem}")
    if found.asset is None or found.asset.area != THE_COMMON_AREA:
        raise BadRequestError(
            f"successor: {successor} is not published: name an asset of common, such as "
            "common/models/tank."
        )


def wire_version(row: VersionRow, caller: Caller, latest: str | None) -> Version:
    """Return a version as it goes over the wire."""
    inside = f"/{row.inside}" if row.inside else ""
    facts = {
        "path": f"common/{row.kind}/{row.name}@{row.version}",
        "kind": row.kind,
        "name": row.name,
        "version": row.version,
        "digest": row.digest,
        "content": f"common/.store/{row.digest}{inside}",
        "is_folder": row.is_folder,
        "size": row.size,
        "files": row.files,
        "owner": row.owner,
        "author": row.author,
        "message": row.message,
        "changelog": row.changelog,
        "origin": row.origin if owns(caller, row.owner) else "",
        "published_at": datetime.fromtimestamp(row.published_at, UTC),
        "is_newest": row.version == latest and not row.is_withdrawn,
        "is_withdrawn": row.is_withdrawn,
        "withdrawn_why": row.withdrawn_why,
        "is_deprecated": row.is_deprecated,
        "deprecated_why": row.deprecated_why,
        "successor": row.successor,
    }
    return Version.model_validate(facts)


def wire_difference(found: Sequence[object]) -> Difference:
    """Return differences as they go over the wire."""
    return Difference(
        files=tuple(FileDifference.model_validate(one, from_attributes=True) for one in found)
    )


def _publish(library: Library, caller: Caller, prepared: Prepared) -> Published:
    part = library.publishing
    if prepared.verdict is Verdict.REVIEW:
        proposal = part.proposals.add(caller, prepared)
        return Published(state="proposed", proposal=wire_proposal(proposal))
    row = part.publisher.put(caller, prepared)
    latest = _newest(library, row.kind, row.name)
    return Published(state="published", version=wire_version(row, caller, latest))


def _versions(library: Library, caller: Caller, asset: Asset) -> VersionList:
    return _list_of(library, caller, asset.kind, asset.name)


def _list_of(library: Library, caller: Caller, kind: str, name: str) -> VersionList:
    rows = _rows(library, caller, kind, name)
    latest = newest(row.version for row in rows if not row.is_withdrawn)
    return VersionList(versions=tuple(wire_version(row, caller, latest) for row in rows))


def _newest(library: Library, kind: str, name: str) -> str | None:
    rows = library.publishing.publisher.versions.list_of(kind, name)
    return newest(row.version for row in rows if not row.is_withdrawn)


def _rows(library: Library, caller: Caller, kind: str, name: str) -> list[VersionRow]:
    rows = library.publishing.publisher.versions.list_of(kind, name)
    seen = [row for row in rows if sees(library, caller, row)]
    if not seen:
        raise NotThereError(f"common/{kind}/{name} is not there, or has no versions.")
    return seen


def _row(library: Library, caller: Caller, kind: str, name: str, version: str) -> VersionRow:
    row = library.publishing.publisher.versions.get(kind, name, version)
    if not sees(library, caller, row):
        raise NotThereError(f"common/{kind}/{name}@{version} is not there.")
    return row


def _version(library: Library, caller: Caller, kind: str, name: str, version: str) -> Version:
    row = _row(library, caller, kind, name, version)
    return wire_version(row, caller, _newest(library, kind, name))
