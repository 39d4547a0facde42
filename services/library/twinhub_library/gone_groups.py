"""Groups that the hub has no more: looked for each minute, and forgotten.

JupyterHub tells nobody that a group is deleted, and nothing but its name says which one it is. So a
group that is deleted and made again between two looks is not told from the old one. A group that
the hub has not had yet is left alone: a grant may be made before its group comes.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select
from twinhub_kit.callers import Caller
from twinhub_kit.errors import ServiceError, UnavailableError

from twinhub_library.forgetting import forget_group
from twinhub_library.store.publishing import GrantRow
from twinhub_library.store.teams import SeenGroupRow, TeamRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_library.library import Library

_log = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 60.0
_SERVICE = Caller("service library")
"""Who does it, for the audit trail."""


def watch_groups(library: Library, has_group: Callable[[str], bool]) -> None:
    """Forget groups that are gone, while the library serves."""
    library.background.every(
        SECONDS_BETWEEN_LOOKS, "groups", partial(forget_gone_groups, library, has_group)
    )


def forget_gone_groups(library: Library, has_group: Callable[[str], bool]) -> None:
    """Forget each group that was there and is gone; ``has_group`` asks the hub for one.

    Nothing is forgotten while the hub does not answer.
    """
    seen, known = _list_groups(library)
    for group in sorted(seen | known):
        if library.background.stopping.is_set():
            return
        try:
            if has_group(group):
                _note(library, group)
            elif group in seen:
                forget_group(library, group)
                library.audit.record(_SERVICE, "group-forgotten", group)
        except UnavailableError as error:
            _log.warning("groups not looked at: %s", error)
            return
        except ServiceError as error:
            _log.warning("group not forgotten yet code=%s: %s", error.code, error)


def _list_groups(library: Library) -> tuple[set[str], set[str]]:
    """Return the groups that were seen, and those that something here is of."""
    grants = select(GrantRow.subject).where(GrantRow.subject_kind == "group")
    teams = select(TeamRow.group).where(TeamRow.group != "", TeamRow.is_gone.is_(False))
    with library.database.reading() as session:
        seen = set(session.scalars(select(SeenGroupRow.name)))
        return seen, {*session.scalars(grants), *session.scalars(teams)}


def _note(library: Library, group: str) -> None:
    with library.database.session() as session:
        if session.get(SeenGroupRow, group) is None:
            session.add(SeenGroupRow(name=group))
