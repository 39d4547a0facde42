"""Grants: who may publish what."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response, status
from twinhub_api.library.publishing import Grant, GrantList, GrantRequest, Permission
from twinhub_dtconfig.references import AssetKind  # noqa: TC002 - FastAPI reads it
from twinhub_kit.errors import NotAllowedError
from twinhub_kit.files.errors import NotThereError

from twinhub_library.rest.answers import answer_with_etag
from twinhub_library.rest.needs import (  # noqa: TC001 - FastAPI reads them
    KnownCaller,
    Number,
    TheLibrary,
)
from twinhub_library.rest.seen import IfMatch, as_seen, with_etag
from twinhub_library.rest.slices import After, Limit, slice_page
from twinhub_library.store.publishing import GrantRow

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller

router = APIRouter(prefix="/api/grants", tags=["publishing"])


@router.get("", response_model=GrantList)
def list_grants(
    request: Request, library: TheLibrary, caller: KnownCaller, limit: Limit = 100,
    after: After = None,
) -> Response:  # fmt: skip
    """Return the grants that you have, as an administrator all."""
    grants = library.publishing.publisher.grants
    rows = grants.list_all() if caller.is_admin else grants.list_for(caller)
    page, more = slice_page(rows, limit, after, lambda row: str(row.id))
    found = GrantList(grants=tuple(map(wire_grant, page)), next=more)
    return answer_with_etag(request, found)


@router.post("", status_code=status.HTTP_201_CREATED)
def add_grant(
    body: GrantRequest, response: Response, library: TheLibrary, caller: KnownCaller
) -> Grant:
    """Let a user or a group publish; for administrators."""
    row = library.publishing.publisher.grants.add(caller, GrantRow(**body.model_dump()))
    _tell(library, caller, "grant", row)
    return with_etag(response, wire_grant(row))


@router.get("/permission")
def get_permission(
    library: TheLibrary,
    caller: KnownCaller,
    kind: AssetKind,
    name: Annotated[str, Query(min_length=1, max_length=255)],
) -> Permission:
    """Return how you may publish an asset of a kind and name."""
    try:
        verdict = library.publishing.publisher.grants.judge(caller, kind, name)
    except NotAllowedError as error:
        return Permission(verdict="no", detail=str(error))
    return Permission(verdict=verdict.value)


@router.get("/{number}", response_model=Grant)
def get_grant(
    number: Number, request: Request, library: TheLibrary, caller: KnownCaller
) -> Response:
    """Return a grant that you have, as an administrator any."""
    return answer_with_etag(request, _grant(library, caller, number))


@router.delete("/{number}", status_code=status.HTTP_204_NO_CONTENT)
def remove_grant(
    number: Number, library: TheLibrary, caller: KnownCaller, if_match: IfMatch = None
) -> Response:
    """Take a grant back; for administrators. What was published by it stays.

    `If-Match` is the etag of the grant: a number may be that of another one by now.
    """
    with as_seen(library, if_match, partial(_grant, library, caller, number)):
        library.publishing.publisher.grants.remove(caller, number)
    library.audit.record(caller, "grant-removed", number)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _grant(library: TheLibrary, caller: Caller, number: int) -> Grant:
    grants = library.publishing.publisher.grants
    rows = grants.list_all() if caller.is_admin else grants.list_for(caller)
    found = next((row for row in rows if row.id == number), None)
    if found is None:
        raise NotThereError(f"There is no grant {number}.")
    return wire_grant(found)


def wire_grant(row: GrantRow) -> Grant:
    """Return a grant as it goes over the wire."""
    facts = {
        "id": row.id, "subject_kind": row.subject_kind, "subject": row.subject, "kind": row.kind,
        "pattern": row.pattern, "needs_review": row.needs_review, "made_by": row.made_by,
        "made_at": datetime.fromtimestamp(row.made_at, UTC),
    }  # fmt: skip
    return Grant.model_validate(facts)


def _tell(library: TheLibrary, caller: Caller, action: str, row: GrantRow) -> None:
    library.audit.record(
        caller, action, f"{row.kind}/{row.pattern}", to=f"{row.subject_kind}:{row.subject}",
        needs_review=row.needs_review,
    )  # fmt: skip
