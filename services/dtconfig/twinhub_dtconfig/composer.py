"""Makes the nodes of one document from parser events, within limits, collecting faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, cast

import yaml

from twinhub_dtconfig.faults import START, Fault, Position
from twinhub_dtconfig.nodes import Child, Node
from twinhub_dtconfig.scalars import (
    CORE,
    Scalar,
    ScalarError,
    resolve_plain,
    resolve_tagged,
    shortened,
    shown_tag,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one document may hold; an alias counts as much as what it stands for."""

    size_bytes: int = 2**20
    depth: int = 32
    nodes: int = 50_000
    aliases: int = 100


class ComposeError(Exception):
    """Nothing after this point can be read; the fault is the last of the composer's faults."""


class Composer:
    """Makes nodes of parser events; ``faults`` holds what is wrong, whether or not it stopped."""

    def __init__(self, events: Iterator[yaml.Event], file: str, limits: Limits) -> None:
        """Prepare to read events whose faults name the file so."""
        self.faults: list[Fault] = []
        self._events = events
        self._file = file
        self._limits = limits
        self._anchors: dict[str, Node | None] = {}
        self._nodes = 0
        self._aliases = 0

    def compose(self) -> Node:
        """Return the root of the only document; an empty stream holds null.

        Raises:
            ComposeError: a limit is passed, or an alias or a further document cannot be read.
            yaml.MarkedYAMLError: the events end in broken YAML.
        """
        next(self._events)  # the start of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return Node(START, None)
        root = self._node(next(self._events), 0)
        next(self._events)  # the end of the document
        after = next(self._events)
        if isinstance(after, yaml.DocumentStartEvent):
            remedy = "keep one: remove this '---' and what follows"
            self._stop(after, "a second document begins here", remedy)
        return root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            self._stop_too_many(event)
        anchor = None
        if event.anchor is not None:  # type: ignore[attr-defined]  # all others are of nodes
            anchor = self._open_anchor(cast("yaml.NodeEvent", event))
        if isinstance(event, yaml.ScalarEvent):
            node = Node(event_position(event), self._scalar(event))
        else:
            node = self._collection(event, depth)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _collection(self, event: yaml.Event, depth: int) -> Node:
        if depth >= self._limits.depth:
            self._stop_too_deep(event)
        position = event_position(event)
        if isinstance(event, yaml.MappingStartEvent):
            self._check_tag(event, event.tag, allowed=f"{CORE}map")
            return self._entries(position, depth + 1)
        self._check_tag(event, cast("yaml.SequenceStartEvent", event).tag, allowed=f"{CORE}seq")
        return self._items(position, depth + 1)

    def _entries(self, position: Position, depth: int) -> Node:
        entries: dict[str, Child] = {}
        size, height = 1, 0
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            node = self._node(next(self._events), depth)
            child = Child(event_position(event), node)
            if key is None:
                continue
            size += node.size
            height = max(height, node.height)
            if entries.setdefault(key, child) is not child:
                line, column = entries[key].position
                what = f"the key {shortened(key)!r} is written twice, first at {line}:{column}"
                self._note(event, what, "keep one")
        return Node(position, entries, size, height + 1)

    def _items(self, position: Position, depth: int) -> Node:
        items: list[Child] = []
        size, height = 1, 0
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            node = self._node(event, depth)
            items.append(Child(node.position, node))
            size += node.size
            height = max(height, node.height)
        return Node(position, items, size, height + 1)

    def _key(self, event: yaml.Event) -> str | None:
        """Return the text of a key, or None for a merge key."""
        if not isinstance(event, yaml.ScalarEvent):
            what = "a key must be text, not a list, a mapping or an alias"
            self._stop(event, what, "put text that begins with '*', '[' or '{' in quotes")
        if event.anchor is not None and (anchor := self._open_anchor(event)):
            self._anchors[anchor] = Node(event_position(event), event.value)
        if event.tag is not None:
            self._check_tag(event, event.tag, allowed=f"{CORE}str")
        if event.value == "<<" and event.implicit[0]:
            remedy = "write the keys out, or repeat a whole value with an alias"
            self._note(event, "merge keys ('<<') are not supported", remedy)
            return None
        return event.value

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        try:
            if event.implicit[0]:
                return resolve_plain(event.value)
            return event.value if event.tag is None else resolve_tagged(event.tag, event.value)
        except ScalarError as error:
            self._note(event, error.what, error.remedy)
            return str(event.value)

    def _alias(self, event: yaml.AliasEvent, depth: int) -> Node:
        name = str(event.anchor)
        self._aliases += 1
        if self._aliases > self._limits.aliases:
            self._stop(event, f"more than {self._limits.aliases} aliases", "write values out")
        if name not in self._anchors:
            what = f"the alias *{shortened(name)} repeats nothing: no anchor above has its name"
            self._stop(event, what, "put text that begins with '*' in quotes")
        target = self._anchors[name]
        if target is None:
            what = f"the alias *{shortened(name)} stands inside what it repeats"
            self._stop(event, what, "remove it")
        self._nodes += target.size
        if self._nodes > self._limits.nodes:
            self._stop_too_many(event)
        if depth + target.height > self._limits.depth:
            self._stop_too_deep(event)
        return target._replace(position=event_position(event))

    def _open_anchor(self, event: yaml.NodeEvent) -> str | None:
        """Return the anchor of a value, from now on known but not yet of use to an alias."""
        if event.anchor is None:
            return None
        if event.anchor in self._anchors:
            what = f"the anchor &{shortened(event.anchor)} is set twice"
            self._note(event, what, "rename one")
        self._anchors[event.anchor] = None
        return event.anchor

    def _check_tag(self, event: yaml.Event, tag: str | None, *, allowed: str) -> None:
        if tag is not None and tag not in {"!", allowed}:
            self._note(event, f"the tag {shown_tag(tag)} is not supported here", "remove it")

    def _stop_too_many(self, event: yaml.Event) -> NoReturn:
        what = f"more than {self._limits.nodes:,} values, with aliases written out"
        self._stop(event, what, "use fewer aliases or split the file")

    def _stop_too_deep(self, event: yaml.Event) -> NoReturn:
        self._stop(event, f"nested more than {self._limits.depth} levels deep", "nest less deeply")

    def _note(self, event: yaml.Event, what: str, remedy: str) -> None:
        self.faults.append(Fault(self._file, *event_position(event), what, remedy))
        if len(self.faults) >= _MOST_FAULTS:
            raise ComposeError

    def _stop(self, event: yaml.Event, what: str, remedy: str) -> NoReturn:
        self.faults.append(Fault(self._file, *event_position(event), what, remedy))
        raise ComposeError


def event_position(event: yaml.Event) -> Position:
    """Return where an event begins."""
    mark: Any = event.start_mark  # events of a parser always have one
    return Position(mark.line + 1, mark.column + 1)
