"""Limits of areas as a site has set them, and how people are told that one is reached."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - pydantic reads it
from dataclasses import dataclass, field

from twinhub_api.names import label_for

from twinhub_kit.files.errors import FullError
from twinhub_kit.sizes import show_size

_GIB = 1 << 30


class QuotaError(FullError):
    """An area has reached its limit."""

    code = "quota"

    def __init__(self, area: str, used: int, size: int, limit: int, *, most: str = "") -> None:
        """Say what an area takes, what takes most of it, and what to do."""
        super().__init__(
            f"{area} takes {show_size(used)} of its {show_size(limit)}, and this needs "
            f"{show_size(size)} more. "
            + (f"Most is taken by {most}. " if most else "")
            + "Delete what you do not need, and empty the bin: reading and deleting always work."
        )


class DiskFullError(FullError):
    """The disk has to keep the room that is left."""

    code = "disk-full"

    def __init__(self, free: int, kept: int) -> None:
        """Say what is left, and what has to be."""
        super().__init__(
            f"The disk of the library has {show_size(max(free, 0))} left, and "
            f"{show_size(kept)} of it have to stay free: remove what "
            "nobody needs, or tell an administrator. Reading and deleting always work."
        )


@dataclass(frozen=True)
class QuotaSettings:
    """How much areas may hold, in bytes; None for no limit but the disk."""

    user_bytes: int | None = None
    """Of each private area that `users` does not name."""
    team_bytes: int | None = None
    """Of each team that `groups` does not name."""
    common_bytes: int | None = None
    users: Mapping[str, int] = field(default_factory=dict)
    """By name of the user."""
    groups: Mapping[str, int] = field(default_factory=dict)
    """By name of the group whose team it is."""
    free_bytes: int = 2 * _GIB
    """What the disk has to keep: nothing is written past it."""
    measured_every_seconds: int = 60

    def of_user(self, label: str) -> int:
        """Return the limit of a private area by its label; 0 for none."""
        return _by_label(self.users).get(label, self.user_bytes or 0)

    def of_team(self, label: str) -> int:
        """Return the limit of a team by its label; 0 for none."""
        return _by_label(self.groups).get(label, self.team_bytes or 0)


def _by_label(limits: Mapping[str, int]) -> Mapping[str, int]:
    return {label_for(name): size for name, size in limits.items()}
