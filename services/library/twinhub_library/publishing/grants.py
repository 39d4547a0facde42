"""Who may publish which assets: admins and instructors any, others by grants."""

from __future__ import annotations

import fnmatch
import time
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select
from twinhub_kit.errors import NotAllowedError
from twinhub_kit.files.errors import NotThereError

from twinhub_library.store.publishing import GrantRow

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller
    from twinhub_kit.database import Database

ANY = "*"


class Verdict(StrEnum):
    """How somebody may publish."""

    DIRECT = "direct"
    REVIEW = "review"
    """Somebody else accepts it first."""


class Grants:
    """The grants of an installation."""

    def __init__(self, database: Database) -> None:
        """Keep them in a database."""
        self._database = database

    def judge(self, caller: Caller, kind: str, name: str) -> Verdict:
        """Return how a caller may publish an asset.

        Raises:
            NotAllowedError: not at all.
        """
        if caller.is_instructor:
            return Verdict.DIRECT
        fitting = [one for one in self.list_for(caller) if covers(one, kind, name)]
        if not fitting:
            raise NotAllowedError(
                f"You may not publish {kind}/{name}: ask an administrator for a grant, or hand it "
                "to an instructor of yours."
            )
        needs_review = all(one.needs_review for one in fitting)
        return Verdict.REVIEW if needs_review else Verdict.DIRECT

    def list_for(self, caller: Caller) -> list[GrantRow]:
        """Return the grants that a caller has, in order of their making."""
        return [one for one in self.list_all() if _is_for(one, caller)]

    def list_all(self) -> list[GrantRow]:
        """Return all grants, in order of their making."""
        with self._database.reading() as session:
            return list(session.scalars(select(GrantRow).order_by(GrantRow.id)))

    def add(self, caller: Caller, grant: GrantRow) -> GrantRow:
        """Keep a grant that an admin makes.

        Raises:
            NotAllowedError: the caller is no admin.
        """
        check_admin(caller)
        grant.made_by, grant.made_at = caller.name, time.time()
        with self._database.session() as session:
            session.add(grant)
            session.flush()
        return grant

    def remove(self, caller: Caller, number: int) -> None:
        """Remove a grant; what was published by it stays.

        Raises:
            NotAllowedError: the caller is no admin.
            NotThereError: there is no such grant.
        """
        check_admin(caller)
        with self._database.session() as session:
            found = session.get(GrantRow, number)
            if found is None:
                raise NotThereError(f"There is no grant {number}.")
            session.delete(found)


def covers(grant: GrantRow, kind: str, name: str) -> bool:
    """Return whether a grant is for a kind and a name."""
    return grant.kind in {ANY, kind} and fnmatch.fnmatchcase(name, grant.pattern)


def check_admin(caller: Caller) -> None:
    """Refuse who is no admin.

    Raises:
        NotAllowedError: the caller is none.
    """
    if not caller.is_admin:
        raise NotAllowedError(
            "Only administrators do this: ask one. If you are one, use a token of the page Token "
            "in the hub's menu: in a workspace you are a user like others."
        )


def _is_for(grant: GrantRow, caller: Caller) -> bool:
    if grant.subject_kind == "group":
        return grant.subject in caller.groups
    return grant.subject == caller.name
