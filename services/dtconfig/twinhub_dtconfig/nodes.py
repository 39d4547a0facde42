"""Values of a document with their positions: what faults are located by."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from twinhub_dtconfig.scalars import Scalar

if TYPE_CHECKING:
    from twinhub_dtconfig.faults import Position

Data = dict[str, "Data"] | list["Data"] | Scalar
"""What JSON can hold, and numbers that are not finite."""

Key = str | int
"""One step of a path into a document: a key of a mapping or an index of a list."""


class Child(NamedTuple):
    """A value inside another, and the position of its key, or of itself in a list."""

    position: Position
    node: Node


class Node(NamedTuple):
    """A value and its position; an alias shares the content of what it stands for.

    A named tuple, since a document has thousands and each of another kind takes thrice the time.
    """

    position: Position
    content: dict[str, Child] | list[Child] | Scalar
    size: int = 1
    height: int = 0

    def build(self) -> Data:
        """Return plain data that shares nothing, not even what aliases repeat."""
        if isinstance(self.content, dict):
            return {key: child[1].build() for key, child in self.content.items()}
        if isinstance(self.content, list):
            return [child[1].build() for child in self.content]
        return self.content

    def child(self, key: Key) -> Child | None:
        """Return the value at one step of a path, or None if there is none."""
        if isinstance(self.content, dict) and isinstance(key, str):
            return self.content.get(key)
        if isinstance(self.content, list) and isinstance(key, int):
            return self.content[key] if 0 <= key < len(self.content) else None
        return None
