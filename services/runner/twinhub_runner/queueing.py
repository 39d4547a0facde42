"""Which waiting runs may begin: caps, and fairness between people. Pure functions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Entry:
    """A run that waits or runs, as far as the queue is concerned."""

    id: str
    user: str
    groups: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    """What it has for itself alone while it runs: a folder, a device."""
    is_due: bool = True
    """Whether nothing but the queue holds it back: no earlier phase, no pause before a retry."""
    since: float = 0.0
    """When it began to wait for its turn alone."""
    is_building: bool = False
    """Whether it waits for software of its own, or to begin with it: it has its keys already, and
    counts for no cap."""


MOST_BUILDING = 4
"""How many of one person's wait for software at once; further ones are not looked into."""


@dataclass(frozen=True, slots=True)
class Caps:
    """How many may run at once; None for no limit."""

    all: int | None = None
    each_user: int | None = None
    users: dict[str, int] = field(default_factory=dict)
    """In place of `each_user`, by name."""
    groups: dict[str, int] = field(default_factory=dict)
    """Of all members of a group together."""
    wait_seconds: float | None = None
    """How long one may wait for its turn."""


def tell_overdue(entry: Entry, caps: Caps, now: float) -> str:
    """Return that a run has waited for its turn for too long, and what to do; empty if not."""
    if not entry.is_due or caps.wait_seconds is None or now - entry.since <= caps.wait_seconds:
        return ""
    return (
        f"It has waited for its turn for over {caps.wait_seconds / 3600:g} h, which is the most:"
        " run it again when less is under way. An administrator can raise runner.wait_hours in"
        " twinhub.yaml."
    )


def admit(waiting: Sequence[Entry], running: Iterable[Entry], caps: Caps) -> list[str]:
    """Return the waiting runs that may begin now, in the order in which they do.

    ``waiting`` is in the order of asking. The next one is always of the user who has the fewest
    that run; of several such users, of the one who has waited longest. A run that may not begin
    holds back no other.
    """
    state = _State(caps, running)
    left = [one for one in waiting if one.is_due]
    admitted: list[str] = []
    while True:
        left = [one for one in left if state.why_not(one) is None]  # what runs only grows
        if not left:
            return admitted
        chosen = min(left, key=lambda one: state.users[one.user])  # the first of the equal ones
        state.begin(replace(chosen, is_building=False))
        left.remove(chosen)
        admitted.append(chosen.id)


class Explaining:
    """Says what waiting runs wait for."""

    def __init__(self, running: Iterable[Entry], caps: Caps) -> None:
        """Take what runs."""
        self._state = _State(caps, running)

    def __call__(self, entry: Entry) -> str:
        """Return it of one, for people; empty if for nothing that is known."""
        return self._state.why_not(entry) or ""


class _State:
    """What runs, counted."""

    def __init__(self, caps: Caps, running: Iterable[Entry]) -> None:
        self.caps = caps
        self.count = 0
        self.building: Counter[str] = Counter()
        self.users: Counter[str] = Counter()
        self.groups: Counter[str] = Counter()
        self.keys: dict[str, str] = {}
        for one in running:
            self.begin(one)

    def begin(self, entry: Entry) -> None:
        self.keys.update(dict.fromkeys(entry.keys, entry.id))
        if entry.is_building:
            self.building[entry.user] += 1
            return
        self.count += 1
        self.users[entry.user] += 1
        self.groups.update(entry.groups)

    def why_not(self, entry: Entry) -> str | None:
        """Return why a run may not begin now; None if it may."""
        caps = self.caps
        for key in sorted(entry.keys):
            if self.keys.get(key, entry.id) != entry.id:
                return f"{key} is used by the run {self.keys[key]}"
        if caps.all is not None and self.count >= caps.all:
            return f"{self.count} runs are under way, and no more are at a time"
        of_user = caps.users.get(entry.user, caps.each_user)
        if of_user is not None and self.users[entry.user] >= of_user:
            count = self.users[entry.user]
            return f"{count} runs of yours are under way, and no more are at a time"
        if self.building[entry.user] >= MOST_BUILDING and not entry.is_building:
            return f"{MOST_BUILDING} runs of yours wait for their software, and no more at a time"
        for group in sorted(entry.groups):
            if group in caps.groups and self.groups[group] >= caps.groups[group]:
                count = self.groups[group]
                return f"{count} runs of the group {group} are under way, and no more are at a time"
        return None
