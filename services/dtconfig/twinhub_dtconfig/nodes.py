"""Values of a document with their positions: what faults are located by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.scalars import Scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_dtconfig.faults import Position

Data = dict[str, "Data"] | list["Data"] | Scalar
"""What JSON can hold, and numbers that are not finite."""

Key = str | int
"""One step of a path into a document: a key of a mapping or an index of a list."""


@dataclass(frozen=True, slots=True)
class Child:
    """A value inside another, and the position of its key, or of itself in a list."""

    position: Position
    node: Node


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its position; an alias shares the content of what it stands for."""

    position: Position
    content: dict[str, Child] | list[Child] | Scalar
    size: int = 1
    height: int = 0

    def build(self) -> Data:
        """Return plain data that shares nothing, not even what aliases repeat."""
        if isinstance(self.content, dict):
            return {key: child.node.build() for key, child in self.content.items()}
        if isinstance(self.content, list):
            return [child.node.build() for child in self.content]
        return self.content

    def child(self, key: Key) -> Child | None:
        """Return the value at one step of a path, or None if there is none."""
        if isinstance(self.content, dict) and isinstance(key, str):
            return self.content.get(key)
        if isinstance(self.content, list) and isinstance(key, int):
            return self.content[key] if 0 <= key < len(self.content) else None
        return None


def collection(position: Position, content: dict[str, Child] | list[Child]) -> Node:
    """Return the node of a mapping or list, sized by what is in it."""
    children: Sequence[Child] = content if isinstance(content, list) else tuple(content.values())
    size = 1 + sum(child.node.size for child in children)
    height = 1 + max((child.node.height for child in children), default=0)
    return Node(position, content, size=size, height=height)
