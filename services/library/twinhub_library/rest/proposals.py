"""Proposals: versions that somebody accepts or returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
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
    from collections.abc import Callable

    from twinhub_kit.callers import Caller

    from twinhub_library.library import Library
    from twinhub_library.publishing.proposals import Proposals
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


@dataclass(frozen=True)
class _Deciding:
    """A proposal that a request changes, if it still is as its sender has seen it."""

    library: Library
    caller: Caller
    number: int
    if_match: str | None
    response: Response

    def change(self, act: Callable[[Proposals, ProposalRow], object]) -> Proposal:
        """Return the proposal once something was done to it."""
        with as_seen(self.library, self.if_match, self._wire):
            act(self.library.publishing.proposals, self._row())
        return with_etag(self.response, self._wire())

    def _row(self) -> ProposalRow:
        return self.library.publishing.proposals.get(self.caller, self.number)

    def _wire(self) -> Proposal:
        return wire_proposal(self._row())


def _deciding(
    number: Number, response: Response, library: TheLibrary, caller: KnownCaller,
    if_match: IfMatch = None,
) -> _Deciding:  # fmt: skip
    return _Deciding(library, caller, number, if_match, response)


Deciding = Annotated[_Deciding, Depends(_deciding)]


@router.post("/{number}/acceptance")
def accept_proposal(body: Decision, one: Deciding) -> Proposal:
    """Publish what was proposed."""
    return one.change(lambda proposals, row: proposals.accept(one.caller, row, body.comment))


@router.post("/{number}/return")
def return_proposal(body: Decision, one: Deciding) -> Proposal:
    """Give a proposal back to its author, with what is to be changed."""
    return one.change(lambda proposals, row: proposals.send_back(one.caller, row, body.comment))


@router.post("/{number}/comments")
def comment_proposal(body: Decision, one: Deciding) -> Proposal:
    """Say something about a proposal."""
    return one.change(lambda proposals, row: proposals.comment(one.caller, row, body.comment))


@router.delete("/{number}")
def take_back_proposal(one: Deciding) -> Proposal:
    """End a proposal of your own."""
    return one.change(lambda proposals, row: proposals.take_back(one.caller, row))


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
