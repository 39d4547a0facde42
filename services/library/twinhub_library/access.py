"""Who may read and write where; decided from who calls and from nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_api.names import label_for
from twinhub_dtconfig.references import Area as AreaKind

from twinhub_library.areas import THE_COMMON_AREA, Area

if TYPE_CHECKING:
    from collections.abc import Collection

    from twinhub_kit.callers import Caller


def may_read(caller: Caller, area: Area, teams: Collection[str]) -> bool:
    """Return whether a caller may read in an area; ``teams`` are the labels that are switched on.

    Nobody reads in another's private area, an admin neither; a server without a login has one
    caller for everybody, who reads everywhere.
    """
    if caller.is_everybody:
        return True
    if area.kind is AreaKind.TEAM:
        return area.label in teams and area.label in map(label_for, caller.groups)
    return area.kind is AreaKind.COMMON or area.label == caller.label


def may_write(caller: Caller, area: Area, teams: Collection[str]) -> bool:
    """Return whether a caller may change files in an area; the common one changes by publishing."""
    return area.kind is not AreaKind.COMMON and may_read(caller, area, teams)


def readable_areas(caller: Caller, teams: Collection[str]) -> list[Area]:
    """Return the areas that a caller may read: own, teams by name, common; each once."""
    groups = set(teams) if caller.is_everybody else set(map(label_for, caller.groups))
    labels = sorted(groups.intersection(teams))
    return [
        Area(AreaKind.PRIVATE, caller.label),
        *(Area(AreaKind.PRIVATE, label) for label in sorted(caller.others - {caller.label})),
        *(Area(AreaKind.TEAM, label) for label in labels),
        THE_COMMON_AREA,
    ]


def may_switch(caller: Caller, group: str) -> bool:
    """Return whether a caller may switch the area of a group on and off."""
    return caller.is_admin or (caller.is_instructor and group in caller.groups)
