"""Who may enter and as what, decided from the groups of a sign-in provider, without any I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


@dataclass(frozen=True)
class AccessPolicy:
    """The groups that open the installation; each is a full path such as ``org/twins``."""

    allowed: frozenset[str]
    """Their members may enter, and the members of every group below them."""
    instructors: frozenset[str] = frozenset()
    """Their members are instructors; a group below one gives nothing."""
    admins: frozenset[str] = frozenset()
    """Their members are admins; a group below one gives nothing."""

    def may_enter(self, groups: Collection[str]) -> bool:
        """Return whether somebody in these groups has access."""
        if not (self.admins | self.instructors).isdisjoint(groups):
            return True
        return any(not self.allowed.isdisjoint(_upwards(group)) for group in groups)

    def is_admin(self, groups: Collection[str]) -> bool:
        """Return whether somebody in these groups is an admin."""
        return not self.admins.isdisjoint(groups)


def _upwards(group: str) -> Iterator[str]:
    """Yield a group and every group above it."""
    while group:
        yield group
        group = group.rpartition("/")[0]
