"""A double of what brings repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_library.opening.importing import Brought, FileOutcome, Standing, State
from twinhub_library.paths import RelativePath

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller
    from twinhub_library.opening.links import GitLink


class CountingGit:
    """Clones nothing, and tells so."""

    def __init__(self) -> None:
        self.state = State.ABSENT
        self.asked: list[GitLink] = []

    def look(self, caller: Caller, link: GitLink) -> Standing:
        return Standing(self.state, RelativePath((caller.label, *link.target.names)), "abc1234")

    def bring(self, caller: Caller, link: GitLink) -> Brought:
        self.asked.append(link)
        self.state = State.BEHIND
        place = RelativePath((caller.label, *link.target.names))
        return Brought(place, "abc1234", (FileOutcome("a.ipynb", "added"),))
