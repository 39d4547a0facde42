"""Signs of work: what was looked at in a workspace, and whether it works."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MOST = 20
"""Signs in a report; what works comes first."""

_LONGEST = 60


@dataclass(frozen=True)
class Sign:
    """One thing that was looked at."""

    kind: Literal["cpu", "kernel", "terminal", "port", "ssh"]
    name: str
    """Which one, such as a notebook's path; empty where there is one only."""
    state: str
    """What it does, in a few words."""
    works: bool


@dataclass(frozen=True)
class Report:
    """What was seen at one look."""

    last_work: datetime
    """When something last worked; aware, in UTC."""
    signs: Sequence[Sign]

    def as_json(self) -> dict[str, object]:
        """Return the report as the hub takes it."""
        first = sorted(self.signs, key=lambda sign: not sign.works)[:MOST]
        signs = [
            asdict(sign) | {"name": plain(sign.name), "state": plain(sign.state)} for sign in first
        ]
        return {"last_work": self.last_work.isoformat(), "signs": signs}


def plain(text: str) -> str:
    """Return a text of a user's making without what cannot be seen; of a long one the end."""
    seen = "".join(character if character.isprintable() else "?" for character in text)
    return seen if len(seen) <= _LONGEST else f"…{seen[1 - _LONGEST :]}"
