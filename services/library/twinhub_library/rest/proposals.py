"""Proposals: versions that somebody accepts or returns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request, Response
from twinhub_api.library.publishing import (
    Comment,
    Decision,
    Difference,
    FileDifference,
    Proposal,
    ProposalList,
)

from twinhub_library.rest.answers import answer_with_etag
from twinhub_library.rest.needs import (  # noqa: TC001 - FastAPI reads them
    KnownCaller,
    Number,
    TheLibrary,
)
from twinhub_library.rest.seen import IfMatch, as_seen, with_etag
from twinhub_library.rest.slices import After, Limit, slice_page

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from twinhub_kit.callers import Caller

    from twinhub_library.library import Library
    from twinhub_library.store.publishing import ProposalRow

router = APIRouter(prefix="/api/proposals", tags=["publishing"])

State = Literal["open", "accepted", "returned", "taken-back"]


@router.get("", response_model=ProposalList)
def list_proposals(
    request: Request,
    library: TheLibrary,
    caller: KnownCaller,
    state: State | None = None,
    limit: Limit = 100,
    after: After = None,
) -> Response:
    """Return your proposals, as an instructor everybody's; the newest first."""
    rows = library.publishing.proposals.list_for(caller, state)
    page, more = slice_page(rows, limit, after, lambda row: str(row.id))
    found = ProposalList(proposals=tuple(map(wire_proposal, page)), next=more)
    return answer_with_etag(request, found)


@router.get("/{number}", response_model=Proposal)
def get_proposal(
    number: Number, request: Request, library: TheLibrary, caller: KnownCaller
) -> Response:
    """Return a proposal of yours, or one that you may decide about.

    Its etag is what `If-Match` names where a proposal is decided about or taken back.
    """
    return answer_with_etag(
        request, wire_proposal(library.publishing.proposals.get(caller, number))
    )


@router.get("/{number}/difference")
def get_proposal_difference(number: Number, library: TheLibrary, caller: KnownCaller) -> Difference:
    """Return what differs from the newest version that is published."""
    proposals = library.publishing.proposals
    found = proposals.compare(proposals.get(caller, number))
    return Difference(
        files=tuple(FileDifference.model_validate(one, from_attributes=True) for one in found)
    )


@router.post("/{number}/acceptance")
def accept_proposal(
    number: Number, body: Decision, response: Response, library: TheLibrary,
    caller: KnownCaller, if_match: IfMatch = None,
) -> Proposal:  # fmt: skip
    """Publish what was proposed."""
    proposals = library.publishing.proposals
    with _as_seen(library, caller, number, if_match):
        proposals.accept(caller, proposals.get(caller, number), body.comment)
    return with_etag(response, wire_proposal(proposals.get(caller, number)))


@router.post("/{number}/return")
def return_proposal(
    number: Number, body: Decision, response: Response, library: TheLibrary,
    caller: KnownCaller, if_match: IfMatch = None,
) -> Proposal:  # fmt: skip
    """Give a proposal back to its author, with what is to be changed."""
    proposals = library.publishing.proposals
    with _as_seen(library, caller, number, if_match):
        row = proposals.send_back(caller, proposals.get(caller, number), body.comment)
    return with_etag(response, wire_proposal(row))


@router.post("/{number}/comments")
def comment_proposal(
    number: Number, body: Decision, response: Response, library: TheLibrary,
    caller: KnownCaller, if_match: IfMatch = None,
) -> Proposal:  # fmt: skip
    """Say something about a proposal."""
    proposals = library.publishing.proposals
    with _as_seen(library, caller, number, if_match):
        row = proposals.comment(caller, proposals.get(caller, number), body.comment)
    return with_etag(response, wire_proposal(row))


@router.delete("/{number}")
def take_back_proposal(
    number: Number, response: Response, library: TheLibrary, caller: KnownCaller,
    if_match: IfMatch = None,
) -> Proposal:  # fmt: skip
    """End a proposal of your own."""
    proposals = library.publishing.proposals
    with _as_seen(library, caller, number, if_match):
        row = proposals.take_back(caller, proposals.get(caller, number))
    return with_etag(response, wire_proposal(row))


def _as_seen(
    library: Library, caller: Caller, number: int, if_match: str | None
) -> AbstractContextManager[None]:
    proposals = library.publishing.proposals
    return as_seen(library, if_match, lambda: wire_proposal(proposals.get(caller, number)))


def wire_proposal(row: ProposalRow) -> Proposal:
    """Return a proposal as it goes over the wire."""
    decided = None if row.decided_at is None else datetime.fromtimestamp(row.decided_at, UTC)
    facts = {
        "id": row.id,
        "state": row.state,
        "kind": row.kind,
        "name": row.name,
        "version": row.version,
        "digest": row.digest,
        "size": row.size,
        "files": row.files,
        "owner": row.owner,
        "author": row.author,
        "message": row.message,
        "changelog": row.changelog,
        "made_at": datetime.fromtimestamp(row.made_at, UTC),
        "decided_at": decided,
        "decided_by": row.decided_by,
        "comments": tuple(Comment.model_validate(c) for c in row.comments),
    }
    return Proposal.model_validate(facts)
