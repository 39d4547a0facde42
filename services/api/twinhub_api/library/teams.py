"""Teams: areas of groups."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from twinhub_api.wire import Wire


class TeamRights(Wire):
    """What a person may do with the area of a group."""

    read: bool
    write: bool
    switch: bool = Field(description="Switch it on and off.")


class Team(Wire):
    """The area of a group, switched on or not."""

    group: str
    label: str = Field(description="Name of its folder: it is at `teams/<label>`.")
    is_on: bool
    rights: TeamRights = Field(description="The caller's.")
    has_kept_files: bool = Field(
        default=False, description="Whether files are kept that switching on brings back."
    )
    changed_at: datetime | None = Field(None, description="When it was last switched.")
    changed_by: str = ""


class Teams(Wire):
    """The groups of the caller, by name."""

    teams: tuple[Team, ...]
