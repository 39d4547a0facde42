"""Teams: the groups of the caller, and switching their areas on and off."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from twinhub_api.library.teams import Team, TeamRights
from twinhub_api.library.teams import Teams as TeamList
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_kit.errors import NotAllowedError
from twinhub_kit.files.errors import BadPathError, NotThereError

from twinhub_library.access import may_read, may_switch, may_write
from twinhub_library.areas import Area
from twinhub_library.forgetting import forget_group
from twinhub_library.rest.answers import answer_with_etag
from twinhub_library.rest.needs import KnownCaller, TheLibrary, list_teams
from twinhub_library.rest.seen import IfMatch, as_seen, with_etag

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller

    from twinhub_library.library import Library
    from twinhub_library.teams import TeamState

router = APIRouter(tags=["teams"])

_LONGEST_GROUP = 255

_Every = Annotated[bool, Query(description="Also those of others, for administrators.")]
_BringBack = Annotated[
    bool, Query(description="Bring back files of a deleted group of the same name.")
]
_Deleted = Annotated[
    bool, Query(description="The group was deleted: its files go to no group of its name.")
]


@router.get("/api/teams", response_model=TeamList)
def list_own_teams(
    request: Request, library: TheLibrary, caller: KnownCaller,
    every: _Every = False,  # noqa: FBT002 - a key of the query
) -> Response:  # fmt: skip
    """Return the groups of the caller, with or without an area, and what they may do in it."""
    states = {group: library.teams.find(group) for group in caller.groups}
    if every and caller.is_admin:
        states |= {one.group or one.label: one for one in library.teams.list_known()}
    found = (_team(library, caller, states[group]) for group in sorted(states))
    return answer_with_etag(request, TeamList(teams=tuple(found)))


@router.get("/api/teams/{group:path}", response_model=Team)
def get_team(group: str, request: Request, library: TheLibrary, caller: KnownCaller) -> Response:
    """Return the area of a group of the caller's; for administrators, of any group."""
    _check_group(group)
    if group not in caller.groups and not caller.is_admin:
        raise NotThereError(f"There is no group {group} of yours.")
    return answer_with_etag(request, _find_team(library, caller, group))


@router.put("/api/teams/{group:path}")
def switch_on(
    group: str, response: Response, library: TheLibrary, caller: KnownCaller,
    bring_back: _BringBack = False,  # noqa: FBT002 - a key of the query
    if_match: IfMatch = None,
) -> Team:  # fmt: skip
    """Make the area of a group, or bring back its files; only the files of a deleted group stay.

    `If-Match` is the etag of the team.
    """
    _check_may_switch(caller, group)
    if bring_back and not caller.is_admin:
        raise NotAllowedError("Files of a deleted group are an administrator's to bring back.")
    switch = library.teams.bring_back if bring_back else library.teams.switch_on
    with as_seen(library, if_match, partial(_find_team, library, caller, group)):
        state = switch(group, by=caller.name)
    _tell(library, caller, "team-on", state)
    return with_etag(response, _team(library, caller, state))


@router.delete("/api/teams/{group:path}")
def switch_off(
    group: str, response: Response, library: TheLibrary, caller: KnownCaller,
    deleted: _Deleted = False,  # noqa: FBT002 - a key of the query
    if_match: IfMatch = None,
) -> Team:  # fmt: skip
    """End all access to the area of a group; its files are kept.

    `If-Match` is the etag of the team.
    """
    _check_may_switch(caller, group)
    if deleted and not caller.is_admin:
        raise NotAllowedError("Only an administrator says that a group was deleted.")
    with as_seen(library, if_match, partial(_find_team, library, caller, group)):
        if deleted:
            forget_group(library, group, by=caller.name)
        state = library.teams.switch_off(group, by=caller.name, is_gone=deleted)
    _tell(library, caller, "team-off", state)
    return with_etag(response, _team(library, caller, state))


def _tell(library: Library, caller: Caller, what: str, state: TeamState) -> None:
    path = Area(AreaKind.TEAM, state.label).path
    library.audit.record(caller, what, str(path), group=state.group)
    library.changes.announce(path)


def _check_may_switch(caller: Caller, group: str) -> None:
    """Refuse those who may not switch the area of a group, and names that no group has.

    Raises:
        BadPathError: no group can be called so.
        NotThereError: the group is not the caller's.
        NotAllowedError: it is, and switching is not theirs.
    """
    _check_group(group)
    if may_switch(caller, group):
        return
    if group not in caller.groups:
        raise NotThereError(
            f"There is no group {group} of yours; one that you joined just now is known within "
            "ten seconds."
        )
    raise NotAllowedError("Teams are switched on and off by an instructor: ask one of your group.")


def _check_group(group: str) -> None:
    if not group.strip() or len(group) > _LONGEST_GROUP or not group.isprintable():
        raise BadPathError(f"A group has a name of at most {_LONGEST_GROUP} characters.")


def _find_team(library: Library, caller: Caller, group: str) -> Team:
    return _team(library, caller, library.teams.find(group))


def _team(library: Library, caller: Caller, state: TeamState) -> Team:
    area = Area(AreaKind.TEAM, state.label)
    teams = list_teams(library)
    rights = TeamRights(
        read=may_read(caller, area, teams), write=may_write(caller, area, teams),
        switch=may_switch(caller, state.group),
    )  # fmt: skip
    return Team(
        group=state.group, label=state.label, is_on=state.is_on, rights=rights,
        has_kept_files=state.has_kept_files, changed_at=state.changed_at,
        changed_by=state.changed_by,
    )  # fmt: skip
