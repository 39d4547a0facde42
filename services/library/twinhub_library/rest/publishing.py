"""Publishing, and what becomes of versions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, status
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

from twinhub_library.access import readable_areas
from twinhub_library.catalogue import find_asset, say_no_asset
from twinhub_library.errors import NotThereError
from twinhub_library.merging import FolderContent
from twinhub_library.publishing.differences import compare
from twinhub_library.publishing.grants import Verdict
from twinhub_library.publishing.publisher import Wish
from twinhub_library.publishing.versions import owns
from twinhub_library.rest.needs import KnownCaller, TheLibrary, list_teams, writable_path
from twinhub_library.rest.proposals import wire_proposal
from twinhub_library.rest.slices import After, Limit, slice_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_kit.callers import Caller
    from twinhub_kit.operations import Progress

    from twinhub_library.library import Library
    from twinhub_library.store.publishing import VersionRow

router = APIRouter(tags=["publishing"])


@router.post("/api/versions", status_code=status.HTTP_202_ACCEPTED)
def publish(body: PublishRequest, library: TheLibrary, caller: KnownCaller) -> Operation:
    """Publish an asset as a version, or propose it where your grant asks for review.

    The operation's result is a `Published`.
    """
    path = writable_path(library, caller, body.path)
    asset = find_asset(library.tree, path)
    if asset is None or asset.path != path:
        raise NotThereError(say_no_asset(library.tree, path))
    wish = Wish(asset, body.version, body.message, body.changelog, body.allowed_secrets)
    library.publishing.publisher.check(caller, wish)

    def work(progress: Progress) -> Published:
        progress.say("Copying and checking")
        return _publish(library, caller, wish, dry_run=body.dry_run)

    return library.operations.start(caller, "publish", f"Publish {path}", work)


@router.get("/api/versions")
def list_versions(
    library: TheLibrary,
    caller: KnownCaller,
    kind: AssetKind | None = None,
    limit: Limit = 100,
    after: After = None,
) -> VersionList:
    """Return the published versions, by kind and name, in order of their publishing."""
    rows = [
        row
        for row in library.publishing.publisher.versions.list_all(kind)
        if _sees(library, caller, row)
    ]
    page, more = slice_page(rows, limit, after, lambda row: str(row.id))
    known = {(row.kind, row.name): _newest(library, row.kind, row.name) for row in page}
    return VersionList(
        versions=tuple(wire_version(row, caller, known[row.kind, row.name]) for row in page),
        next=more,
    )


@router.get("/api/versions/{kind}/{name}")
def list_versions_of(
    kind: AssetKind, name: str, library: TheLibrary, caller: KnownCaller
) -> VersionList:
    """Return the versions of an asset, the highest first."""
    rows = _rows(library, caller, kind, name)
    latest = newest(row.version for row in rows if not row.is_withdrawn)
    return VersionList(versions=tuple(wire_version(row, caller, latest) for row in rows))


@router.get("/api/versions/{kind}/{name}/{version}")
def get_version(
    kind: AssetKind, name: str, version: str, library: TheLibrary, caller: KnownCaller
) -> Version:
    """Return one version."""
    row = _row(library, caller, kind, name, version)
    return wire_version(row, caller, _newest(library, kind, name))


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
    kind: AssetKind, name: str, body: Deprecation, library: TheLibrary, caller: KnownCaller
) -> VersionList:
    """Say of one version, or of all, that something else is better."""
    rows = _rows(library, caller, kind, name)
    if body.version:
        rows = [_row(library, caller, kind, name, body.version)]
    changed = library.publishing.publisher.deprecate(
        caller, rows, why=body.why, successor=body.successor
    )
    latest = _newest(library, kind, name)
    return VersionList(versions=tuple(wire_version(row, caller, latest) for row in changed))


@router.post("/api/versions/{kind}/{name}/{version}/withdrawal")
def withdraw(
    kind: AssetKind, name: str, version: str, body: Withdrawal, library: TheLibrary,
    caller: KnownCaller,
) -> Version:  # fmt: skip
    """Hide a version from everybody who does not use it yet."""
    row = _row(library, caller, kind, name, version)
    changed = library.publishing.publisher.withdraw(caller, row, why=body.why)
    return wire_version(changed, caller, _newest(library, kind, name))


@router.post("/api/versions/{kind}/{name}/transfer")
def transfer(
    kind: AssetKind, name: str, body: Transfer, library: TheLibrary, caller: KnownCaller
) -> VersionList:
    """Give an asset with all its versions to another owner."""
    _rows(library, caller, kind, name)
    owner = f"{body.kind}:{label_for(body.name)}"
    changed = library.publishing.publisher.transfer(caller, kind, name, owner)
    latest = _newest(library, kind, name)
    return VersionList(versions=tuple(wire_version(row, caller, latest) for row in changed))


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


def _publish(library: Library, caller: Caller, wish: Wish, *, dry_run: bool) -> Published:
    part = library.publishing
    prepared = part.publisher.prepare(caller, wish)
    if dry_run:
        part.publisher.discard(prepared)
        return Published(state="checked", version=wire_version(prepared.row, caller, None))
    if prepared.verdict is Verdict.REVIEW:
        proposal = part.proposals.add(caller, prepared)
        return Published(state="proposed", proposal=wire_proposal(proposal))
    row = part.publisher.put(caller, prepared)
    latest = _newest(library, row.kind, row.name)
    return Published(state="published", version=wire_version(row, caller, latest))


def _newest(library: Library, kind: str, name: str) -> str | None:
    rows = library.publishing.publisher.versions.list_of(kind, name)
    return newest(row.version for row in rows if not row.is_withdrawn)


def _rows(library: Library, caller: Caller, kind: str, name: str) -> list[VersionRow]:
    rows = library.publishing.publisher.versions.list_of(kind, name)
    seen = [row for row in rows if _sees(library, caller, row)]
    if not seen:
        raise NotThereError(f"common/{kind}/{name} is not there, or has no versions.")
    return seen


def _row(library: Library, caller: Caller, kind: str, name: str, version: str) -> VersionRow:
    row = library.publishing.publisher.versions.get(kind, name, version)
    if not _sees(library, caller, row):
        raise NotThereError(f"common/{kind}/{name}@{version} is not there.")
    return row


def _sees(library: Library, caller: Caller, row: VersionRow) -> bool:
    """Tell whether a caller may know of a version: a withdrawn one only if they use or own it."""
    if not row.is_withdrawn or owns(caller, row.owner):
        return True
    areas = readable_areas(caller, list_teams(library))
    return library.publishing.holds.is_used_in(row.digest, areas)
