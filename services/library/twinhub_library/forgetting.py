"""What the library forgets of a user whom the hub has deleted, and of a group that is gone.

A later user, or group, of the same name inherits nothing. Everything here may be killed at any
point and done again. Of a user it ends or removes:

- operations and uploads under way, and the record of ended ones;
- grants to publish that name the user; open proposals are taken back;
- being the owner or the author of versions and proposals: `FORMER` owners are of a kind that only
  administrators act for, and an author's name becomes one that no user can have;
- of the private area: imports, pins, holds and connected repositories with their git directories,
  and what was measured of it and promised to its writers. The content that only these needed goes
  with the next collection;
- copies elsewhere that are updated from the private area: they become assets of their own;
- for repositories of teams that the user connected or that publish in the user's name: credential,
  author and following; the repository says what to do;
- which links the user opened.

Files, bin and previous versions are the hub's to put into an archive and to remove, and the search
index follows the files. What is kept is history, and gives no right, since nothing decides by it:
``made_by`` of grants, imports and pins of others, ``decided_by`` and comments of proposals,
``changed_by`` of teams, who removed what is in a team's bin, the authors of commits, the ``origin``
of versions, which only their owner sees, and the log. A limit that the site's settings give to a
name stays with the name.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select, update
from twinhub_api.names import label_for
from twinhub_dtconfig.references import Area as AreaKind

from twinhub_library.areas import Area
from twinhub_library.publishing.proposals import OPEN, TAKEN_BACK
from twinhub_library.repositories.credentials import CredentialKind
from twinhub_library.store.publishing import (
    GrantRow,
    HoldRow,
    ImportRow,
    PinRow,
    ProposalRow,
    VersionRow,
)
from twinhub_library.store.repositories import RepositoryRow
from twinhub_library.store.teams import SeenGroupRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from twinhub_library.library import Library

FORMER = "former-"
"""Begins the kind of an owner that is no more: ``former-user:alice``, ``former-team:pumps``."""

_NO_NAME = " (former user/deleted)"
"""Ends the name of a deleted author. JupyterHub lets no user have a name with ``/``."""
_MOST_OF_A_NAME = 200


def forget_person(library: Library, name: str) -> None:
    """Forget a user whom the hub has deleted; to be repeated if it fails.

    Raises:
        BusyError: something of theirs does not end.
        BusyRepositoryError: a repository of theirs is being worked on.
    """
    area = Area(AreaKind.PRIVATE, label_for(name))
    library.operations.forget_owner(name)
    library.uploads.forget_owner(name)
    publisher = library.publishing.publisher
    with publisher.locked(), library.database.session() as session:
        _take_grants(session, "user", name)
        _end_proposals(session, name)
        _disown(session, "user", area.label)
        _rename_author(session, name)
        _leave_repositories(session, name)
        _forget_copies(session, area)
        session.execute(delete(HoldRow).where(HoldRow.by.in_((name, area.label))))
    _disconnect(library, area)
    library.opening.openings.forget_user(name)
    _forget_figures(library, area)


def forget_group(library: Library, group: str, *, by: str = "") -> None:
    """Forget a group that the hub does not have any more; to be repeated if it fails.

    The files of its team are kept where no group has them.

    Raises:
        BusyRepositoryError: a repository of the team is being worked on.
        TeamBusyError: access has ended, but the files are not all moved yet.
    """
    area = Area(AreaKind.TEAM, label_for(group))
    publisher = library.publishing.publisher
    with publisher.locked(), library.database.session() as session:
        _take_grants(session, "group", group)
        _disown(session, "team", area.label)
        _forget_copies(session, area)
    _disconnect(library, area)
    if any(one.group == group for one in library.teams.list_known()):
        library.teams.switch_off(group, by=by, is_gone=True)
    _forget_figures(library, area)
    with library.database.session() as session:  # last: it is not looked for any more
        session.execute(delete(SeenGroupRow).where(SeenGroupRow.name == group))


def _take_grants(session: Session, kind: str, subject: str) -> None:
    session.execute(
        delete(GrantRow).where(GrantRow.subject_kind == kind, GrantRow.subject == subject)
    )


def _end_proposals(session: Session, name: str) -> None:
    own = update(ProposalRow).where(ProposalRow.author == name, ProposalRow.state == OPEN)
    session.execute(own.values(state=TAKEN_BACK, decided_at=time.time()))


def _disown(session: Session, kind: str, label: str) -> None:
    for table in (VersionRow, ProposalRow):
        own = update(table).where(table.owner == f"{kind}:{label}")
        session.execute(own.values(owner=f"{FORMER}{kind}:{label}"))


def _rename_author(session: Session, name: str) -> None:
    for table in (VersionRow, ProposalRow):
        session.execute(update(table).where(table.author == name).values(author=_former(name)))


def _leave_repositories(session: Session, name: str) -> None:
    """Take the user's credential out of repositories of others, and end what is in their name."""
    query = select(RepositoryRow).where(
        or_(RepositoryRow.connected_by == name, RepositoryRow.follow_by == name)
    )
    for row in session.scalars(query):
        faults = [row.fault] if row.fault else []
        if row.connected_by == name:
            row.connected_by = _former(name)
            row.author_name = row.author_email = ""
            if row.credential_kind != CredentialKind.LOGIN:  # which is each member's own
                row.credential_user, row.sealed = "", None
                row.credential_kind = CredentialKind.NONE.value
                faults = [
                    f"{name}, who connected this, was deleted: give a credential of your own."
                ]
        if row.follow_by == name:
            row.follow_path = row.follow_by = ""
            row.follow_seconds, row.webhook_sealed = 0, None
            faults.append(f"Nothing is published from here any more, since it was in {name}'s name")
            faults[-1] += ": set it up anew."
        row.fault = " ".join(faults)


def _forget_copies(session: Session, area: Area) -> None:
    """Forget imports into an area and from it, and its pins."""
    below = f"{area.path}/"
    session.execute(
        delete(ImportRow).where(
            or_(
                ImportRow.place.startswith(below, autoescape=True),
                ImportRow.source.startswith(below, autoescape=True),
            )
        )
    )
    session.execute(delete(PinRow).where(PinRow.area == str(area)))


def _disconnect(library: Library, area: Area) -> None:
    connections = library.repositories.connections
    for row in connections.list():
        if row.place == str(area) or row.place.startswith(f"{area}/"):
            connections.disconnect(row.id)  # a folder that a kill leaves goes at the next start


def _forget_figures(library: Library, area: Area) -> None:
    library.usage.forget(area)
    library.quota.forget(area)
    library.changes.announce(area.path)


def _former(name: str) -> str:
    return f"{name[:_MOST_OF_A_NAME]}{_NO_NAME}"
