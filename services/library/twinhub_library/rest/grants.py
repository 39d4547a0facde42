"""Grants: who may publish what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Response, status
from twinhub_api.library.publishing import Grant, GrantList, GrantRequest, Permission
from twinhub_dtconfig.references import AssetKind  # noqa: TC002 - FastAPI reads it
from twinhub_kit.errors import NotAllowedError

from twinhub_library.rest.needs import (  # noqa: TC001 - FastAPI reads them
    KnownCaller,
    Number,
    TheLibrary,
)
from twinhub_library.rest.slices import After, Limit, slice_page
from twinhub_library.store.publishing import GrantRow

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller

router = APIRouter(prefix="/api/grants", tags=["publishing"])


@router.get("")
def list_grants(
    library: TheLibrary, caller: KnownCaller, limit: Limit = 100, after: After = None
) -> GrantList:
    """Return the grants that you have, as an administrator all."""
    grants = library.publishing.publisher.grants
    rows = grants.list_all() if caller.is_admin else grants.list_for(caller)
    page, more = slice_page(rows, limit, after, lambda row: str(row.id))
    return GrantList(grants=tuple(map(wire_grant, page)), next=more)


@router.post("", status_code=status.HTTP_201_CREATED)
def add_grant(body: GrantRequest, library: TheLibrary, caller: KnownCaller) -> Grant:
    """Let a user or a group publish; for administrators."""
    row = library.publishing.publisher.grants.add(caller, GrantRow(**body.model_dump()))
    _tell(library, caller, "grant", row)
    return wire_grant(row)


@router.delete("/{number}", status_code=status.HTTP_204_NO_CONTENT)
def remove_grant(number: Number, library: TheLibrary, caller: KnownCaller) -> Response:
    """Take a grant back; for administrators. What was published by it stays."""
    library.publishing.publisher.grants.remove(caller, number)
    library.audit.record(caller, "grant-removed", number)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


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
