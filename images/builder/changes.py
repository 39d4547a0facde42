"""What differs between two builds of an image, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from images.builder.manifest import Contents

_NAMED = 8


@dataclass(frozen=True, slots=True)
class Change:
    """One package that has another version, is new or is gone."""

    package: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        """Return the change in words."""
        if self.before is None:
            return f"{self.package} {self.after} is new"
        if self.after is None:
            return f"{self.package} {self.before} is gone"
        return f"{self.package} {self.before} → {self.after}"


def find_changes(before: Contents, after: Contents) -> tuple[Change, ...]:
    """Return what differs, in the order of Debian, Python, npm, Node."""
    old, new = _flat(before), _flat(after)
    names = [*new, *(name for name in old if name not in new)]
    return tuple(
        Change(name, old.get(name), new.get(name))
        for name in names
        if old.get(name) != new.get(name)
    )


def summarise(changes: Sequence[Change]) -> str:
    """Return the changes as one line."""
    if not changes:
        return "no package changed"
    named = ", ".join(str(change) for change in changes[:_NAMED])
    more = f", and {len(changes) - _NAMED} more" if len(changes) > _NAMED else ""
    noun = "package" if len(changes) == 1 else "packages"
    return f"{len(changes)} {noun} changed: {named}{more}"


def _flat(contents: Contents) -> Mapping[str, str]:
    flat = dict(contents.debian)
    for environment, distributions in contents.python.items():
        place = environment.rpartition("/")[2]
        flat |= {f"{name} ({place})": version for name, version in distributions.items()}
    for folder, tree in contents.npm.items():
        place = folder.rpartition("/")[2]
        flat |= {f"{name} (npm, {place})": version for name, version in tree.top.items()}
        flat[f"packages of {place}"] = str(tree.packages)
    return flat | {f"node ({path})": version for path, version in contents.node.items()}
