"""A double of what brings repositories."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from twinhub_kit.files.paths import RelativePath
from twinhub_library.opening.importing import Brought, FileOutcome, Standing, State

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller
    from twinhub_library.opening.links import GitLink


_LONGEST_SECONDS = 30


class CountingGit:
    """Clones nothing, and tells so."""

    def __init__(self) -> None:
        self.state = State.ABSENT
        self.asked: list[GitLink] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def look(self, caller: Caller, link: GitLink) -> Standing:
        return Standing(self.state, RelativePath((caller.label, *link.target.names)), "abc1234")

    def bring(self, caller: Caller, link: GitLink) -> Brought:
        self.asked.append(link)
        assert self.may_go_on.wait(_LONGEST_SECONDS)
        self.state = State.BEHIND
        place = RelativePath((caller.label, *link.target.names))
        return Brought(place, "abc1234", (FileOutcome("a.ipynb", "added"),))
