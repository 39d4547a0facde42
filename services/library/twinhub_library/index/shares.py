"""Watches, of which there are so many, divided among areas.

An area has what is free, and when nothing is, as many as every other: what one has beyond its share
is taken from it as soon as another needs its own. So nobody's folders, however many, keep the
changes of others from being seen at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinhub_kit.files.paths import RelativePath


@dataclass
class AreaWatches:
    """The watches of one area."""

    name: str
    watches: dict[int, None] = field(default_factory=dict)
    """In the order of their making: a folder comes before those in it."""
    waiting: deque[tuple[int, RelativePath]] = field(default_factory=deque)
    """Folders to be watched, each with the watch of the one that it is in."""


class Shares:
    """The watches of all areas."""

    def __init__(self, most: int) -> None:
        """Divide so many."""
        self.most = most
        self.short: set[str] = set()
        """Areas in which some folders are not watched."""
        self._areas: dict[str, AreaWatches] = {}
        self._turns: deque[AreaWatches] = deque()
        self._count = self._count_waiting = 0

    def get(self, name: str) -> AreaWatches:
        """Return an area, which counts from now on."""
        return self._areas.setdefault(name, AreaWatches(name))

    def wait(self, name: str, parent: int, path: RelativePath) -> None:
        """Have a folder be watched in the turn of its area."""
        area = self.get(name)
        if not area.waiting:
            self._turns.append(area)
        area.waiting.append((parent, path))
        self._count_waiting += 1

    def take_turn(self) -> tuple[AreaWatches, int, RelativePath] | None:
        """Return the folder that is next: of each area that has any, one after the other."""
        if not self._turns:
            return None
        area = self._turns.popleft()
        parent, path = area.waiting.popleft()
        self._count_waiting -= 1
        if area.waiting:
            self._turns.append(area)
        return area, parent, path

    def count_room(self, area: AreaWatches) -> int:
        """Return how many more folders of an area may wait."""
        free = self.most - self._count - self._count_waiting
        own = self._share() - len(area.watches) - len(area.waiting)
        return max(0, free, own)

    @property
    def has_room(self) -> bool:
        """Whether a watch is free."""
        return self._count < self.most

    def take_back(self, area: AreaWatches) -> int | None:
        """Take a watch for an area from the one that has most; None where it has its share."""
        if len(area.watches) >= self._share():
            return None
        largest = max(self._areas.values(), key=lambda one: len(one.watches))
        if len(largest.watches) <= len(area.watches) + 1:
            return None
        watch = next(reversed(largest.watches))  # what is in a folder goes before it
        self.remove(largest, watch)
        self.short.add(largest.name)
        return watch

    def add(self, area: AreaWatches, watch: int) -> None:
        """Note a watch of an area."""
        if watch not in area.watches:
            area.watches[watch] = None
            self._count += 1

    def remove(self, area: AreaWatches, watch: int) -> None:
        """Note that a watch has ended."""
        if watch in area.watches:
            del area.watches[watch]
            self._count -= 1

    def _share(self) -> int:
        return self.most // max(1, len(self._areas))
