"""The areas of the library: one user's own, a team's, everybody's; and where each lies.

Below the assets root a private area is the folder of its user's label, a team's is
``teams/<label of the group>`` and the common one ``common``. ``.library`` beside them is the
library's own: no workspace has it among its mounts.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from twinhub_dtconfig.assets import WITHDRAWN
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_kit.files.errors import NotThereError
from twinhub_kit.files.paths import RelativePath

COMMON, TEAMS, OWN_FOLDER = "common", "teams", ".library"
STORE_NAME = ".store"
"""Folder in the common area that holds the content of all published versions."""
KEPT = frozenset({STORE_NAME, WITHDRAWN})
"""Names in the common area that the library keeps for itself: they are not listed."""


@dataclass(frozen=True, slots=True)
class Area:
    """One area; ``label`` is that of its user or group, empty for the common one."""

    kind: AreaKind
    label: str = ""

    @property
    def path(self) -> RelativePath:
        """Where it lies below the assets root."""
        match self.kind:
            case AreaKind.COMMON:
                return RelativePath((COMMON,))
            case AreaKind.TEAM:
                return RelativePath((TEAMS, self.label))
            case AreaKind.PRIVATE:
                return RelativePath((self.label,))

    def __str__(self) -> str:
        """Return the path as text, as requests name the area."""
        return str(self.path)


THE_COMMON_AREA = Area(AreaKind.COMMON)


def split_path(path: RelativePath) -> tuple[Area, RelativePath]:
    """Return the area that a path of the library begins with, and what follows.

    Raises:
        NotThereError: it is in no area, or what the library keeps of published versions: that is
            named by their links alone, which lead there.
    """
    match path.names:
        case (first, *_) if first.startswith("."):
            pass
        case ("common", ".store", *_):
            pass
        case ("common", *rest):
            return THE_COMMON_AREA, RelativePath(tuple(rest))
        case ("teams", group, *rest) if not group.startswith("."):
            return Area(AreaKind.TEAM, group), RelativePath(tuple(rest))
        case (label, *rest) if label != TEAMS:
            return Area(AreaKind.PRIVATE, label), RelativePath(tuple(rest))
    raise NotThereError(f"{path} is not there.")


@functools.lru_cache(2048)
def split_at_area(path: RelativePath) -> tuple[str, str]:
    """Return the folder of the area that a path lies in and what follows, as text.

    Only where it lies counts here, not whether it may be read: ``.library`` is a folder as well.
    """
    depth = 2 if path.names[:1] == (TEAMS,) else 1
    return "/".join(path.names[:depth]) or ".", "/".join(path.names[depth:])
