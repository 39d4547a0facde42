"""Versions that somebody else accepts before they are published."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from twinhub_kit.errors import NotAllowedError, ServiceError
from twinhub_kit.files.errors import NotThereError

from twinhub_library.merging import FolderContent, NoContent
from twinhub_library.publishing.differences import compare
from twinhub_library.publishing.errors import StateError
from twinhub_library.store.publishing import ProposalRow, VersionRow

if TYPE_CHECKING:
    from twinhub_kit.audit import Audit
    from twinhub_kit.callers import Caller
    from twinhub_kit.database import Database

    from twinhub_library.merging import Content
    from twinhub_library.publishing.differences import FileDifference
    from twinhub_library.publishing.publisher import Prepared, Publisher
    from twinhub_library.tree import Tree

OPEN, ACCEPTED, RETURNED, TAKEN_BACK = "open", "accepted", "returned", "taken-back"
_COPIED = (
    "kind", "name", "version", "digest", "inside", "companions", "is_folder", "size", "files",
    "owner", "author", "message", "changelog", "origin", "allowed_secrets",
)  # fmt: skip


class Proposals:
    """What waits for an instructor or admin, and what became of it."""

    def __init__(self, tree: Tree, database: Database, publisher: Publisher, audit: Audit) -> None:
        """Keep proposals in a database, and their content among the bases."""
        self._tree = tree
        self._database = database
        self._publisher = publisher
        self._audit = audit

    def add(self, caller: Caller, prepared: Prepared) -> ProposalRow:
        """Propose what was prepared to be published."""
        facts = {name: getattr(prepared.row, name) for name in _COPIED}
        row = ProposalRow(**facts, state=OPEN, made_at=time.time(), comments=[], decided_by="")
        try:
            with self._publisher.locked():
                self._publisher.bases.keep(prepared.staged)
                with self._database.session() as session:
                    session.add(row)
                    session.flush()
        except ServiceError:
            self._publisher.discard(prepared)
            raise
        self._audit.record(caller, "propose", _path(row), digest=row.digest)
        return row

    def list_for(self, caller: Caller, state: str | None = None) -> list[ProposalRow]:
        """Return the proposals that a caller sees, the newest first: own ones, or all to decide."""
        query = select(ProposalRow).order_by(ProposalRow.id.desc())
        if not caller.is_instructor:
            query = query.where(ProposalRow.author == caller.name)
        if state is not None:
            query = query.where(ProposalRow.state == state)
        with self._database.reading() as session:
            return list(session.scalars(query))

    def get(self, caller: Caller, number: int) -> ProposalRow:
        """Return a proposal that a caller sees.

        Raises:
            NotThereError: there is none such.
        """
        with self._database.reading() as session:
            row = session.get(ProposalRow, number)
        if row is None or not (caller.is_instructor or row.author == caller.name):
            raise NotThereError(f"There is no proposal {number}.")
        return row

    def compare(self, row: ProposalRow) -> list[FileDifference]:
        """Return what differs from the newest version that is published.

        Raises:
            NotThereError: it was decided, and the content is not kept any more.
        """
        try:
            known = self._publisher.versions.pick(row.kind, row.name, "")
        except NotThereError:
            old: Content = NoContent()
        else:
            old = FolderContent(self._tree, self._publisher.store.path(known.digest))
        for store in (self._publisher.bases, self._publisher.store):
            if store.has(row.digest):
                return compare(old, FolderContent(self._tree, store.path(row.digest)))
        raise NotThereError(f"What proposal {row.id} proposed is not kept any more.")

    def accept(self, caller: Caller, row: ProposalRow, comment: str) -> VersionRow:
        """Publish what was proposed.

        Raises:
            NotAllowedError: the caller decides nothing, or proposed it.
            StateError: it was decided before.
            VersionTakenError: the version was published meanwhile.
        """
        self._check_may_decide(caller, row)
        facts = {name: getattr(row, name) for name in _COPIED}
        version = VersionRow(
            **facts, published_at=time.time(), is_withdrawn=False, withdrawn_why="",
            is_deprecated=False, deprecated_why="", successor="",
        )  # fmt: skip
        published = self._publisher.put_content(caller, version, accepted_by=caller.name)
        self._decide(caller, row, ACCEPTED, comment)  # whatever somebody else decided meanwhile
        return published

    def send_back(self, caller: Caller, row: ProposalRow, comment: str) -> ProposalRow:
        """Return a proposal to its author, with what is to be changed.

        Raises:
            NotAllowedError: the caller decides nothing, or proposed it.
            StateError: it was decided before.
        """
        self._check_may_decide(caller, row)
        return self._decide(caller, row, RETURNED, comment)

    def take_back(self, caller: Caller, row: ProposalRow) -> ProposalRow:
        """End a proposal of the caller's own.

        Raises:
            NotAllowedError: it is another's.
            StateError: it was decided before.
        """
        if row.author != caller.name:
            raise NotAllowedError("Only who proposed it takes it back: return it instead.")
        return self._decide(caller, row, TAKEN_BACK, "")

    def recover(self) -> None:
        """Mark as accepted what was published when a crash came."""
        with self._database.session() as session:
            for row in session.scalars(select(ProposalRow).where(ProposalRow.state == OPEN)):
                query = select(VersionRow).where(
                    VersionRow.kind == row.kind, VersionRow.name == row.name,
                    VersionRow.version == row.version, VersionRow.digest == row.digest,
                    VersionRow.author == row.author,
                )  # fmt: skip
                if session.scalars(query).first() is not None:
                    row.state, row.decided_at = ACCEPTED, time.time()

    def comment(self, caller: Caller, row: ProposalRow, text: str) -> ProposalRow:
        """Add a comment to a proposal that the caller sees."""
        with self._database.session() as session:
            found = session.get_one(ProposalRow, row.id, with_for_update=True)
            found.comments = [*found.comments, _comment(caller, text)]
            session.flush()
            return found

    def _check_may_decide(self, caller: Caller, row: ProposalRow) -> None:
        if not caller.is_instructor:
            raise NotAllowedError("Instructors and administrators decide about proposals.")
        if row.author == caller.name and not caller.is_admin:
            raise NotAllowedError("Somebody else decides about your own proposal.")
        _check_open(row)

    def _decide(self, caller: Caller, row: ProposalRow, state: str, text: str) -> ProposalRow:
        with self._database.session() as session:
            found = session.get_one(ProposalRow, row.id, with_for_update=True)
            if state != ACCEPTED:
                _check_open(found)
            found.state, found.decided_by, found.decided_at = state, caller.name, time.time()
            if text:
                found.comments = [*found.comments, _comment(caller, text)]
            session.flush()
        self._audit.record(caller, f"proposal-{state}", _path(row), author=row.author)
        return found


def _check_open(row: ProposalRow) -> None:
    if row.state != OPEN:
        raise StateError(f"Proposal {row.id} is {row.state}: nothing is to be decided.")


def _comment(caller: Caller, text: str) -> dict[str, str]:
    return {"by": caller.name, "at": datetime.now(UTC).isoformat(), "text": text}


def _path(row: ProposalRow) -> str:
    return f"common/{row.kind}/{row.name}@{row.version}"
