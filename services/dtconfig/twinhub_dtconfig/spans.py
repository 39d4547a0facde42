"""Where each value of a document stands in its text, character by character: what edits need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

import yaml

from twinhub_dtconfig.documents import read_events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.nodes import Key

Kind = Literal["scalar", "alias", "mapping", "list"]


@dataclass(frozen=True, slots=True)
class Span:
    """The characters of a value: ``text[start:end]``, with its anchor and tag.

    ``content`` is where the first key or the first ``-`` of a block collection stands. The end of
    a block collection is the end of the last value in it; a block scalar's is that of its last
    line that is not blank, without the break (``raw_end`` is after all its blank lines). A value
    that is left out is empty.
    """

    kind: Kind
    start: int
    content: int
    end: int
    raw_end: int
    style: str = ""
    """Of a scalar: its quote, ``|`` or ``>``; of a collection: ``flow`` or ``block``."""
    anchor: str | None = None
    entries: tuple[Entry, ...] = ()

    @property
    def is_block(self) -> bool:
        """Whether it is a collection written on lines of its own, by indentation."""
        return self.style == "block"

    @property
    def is_flow(self) -> bool:
        """Whether it is a collection in brackets or braces."""
        return self.style == "flow"


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with its value, or an item of a list; ``start`` and ``end`` are the key's.

    An item of a block list begins at its ``-``; that of a flow list where its value begins.
    """

    key: Key
    start: int
    end: int
    value: Span


@dataclass(slots=True)
class SpanTree:
    """The spans of a document, and where its anchors and aliases begin."""

    text: str
    root: Span | None = None
    anchors: dict[str, int] = field(default_factory=dict)
    aliases: list[tuple[str, int]] = field(default_factory=list)


def read_spans(text: str) -> SpanTree:
    """Return the spans of a text that is known to read as a document, without a byte order mark."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._tree = SpanTree(text)
        self._text = text
        self._events: Iterator[yaml.Event] = read_events(text)

    def read(self) -> SpanTree:
        next(self._events)  # the start of the stream
        if isinstance(next(self._events), yaml.DocumentStartEvent):
            self._tree.root = self._value(next(self._events))
        return self._tree

    def _value(self, event: yaml.Event) -> Span:
        start, end = _index(event.start_mark), _index(event.end_mark)
        if isinstance(event, yaml.AliasEvent):
            self._tree.aliases.append((str(event.anchor), start))
            return Span("alias", start, start, end, end, anchor=event.anchor)
        anchor = cast("yaml.NodeEvent", event).anchor
        if anchor is not None:
            self._tree.anchors[anchor] = start
        if isinstance(event, yaml.ScalarEvent):
            style = event.style or ""
            trimmed = _trimmed(self._text, start, end) if style in {"|", ">"} else end
            return Span("scalar", start, start, trimmed, end, style, anchor)
        return self._collection(cast("yaml.CollectionStartEvent", event), start, end)

    def _collection(self, event: yaml.CollectionStartEvent, start: int, end: int) -> Span:
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        content = end
        if not event.flow_style and not is_mapping and self._text[end : end + 1] != "-":
            content = end - 1  # the mark of a list as far to the left as its key is after the '-'
        entries, closed = self._entries() if is_mapping else self._items(event, content)
        raw = closed if event.flow_style or not entries else entries[-1].value.raw_end
        last = closed if event.flow_style or not entries else entries[-1].value.end
        style = "flow" if event.flow_style else "block"
        kind: Kind = "mapping" if is_mapping else "list"
        return Span(kind, start, content, last, raw, style, event.anchor, tuple(entries))

    def _entries(self) -> tuple[list[Entry], int]:
        entries: list[Entry] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = cast("yaml.ScalarEvent", event)
            if key.anchor is not None:
                self._tree.anchors[key.anchor] = _index(key.start_mark)
            start, end = _index(key.start_mark), _index(key.end_mark)
            entries.append(Entry(key.value, start, end, self._value(next(self._events))))
        return entries, _index(event.end_mark)

    def _items(self, event: yaml.CollectionStartEvent, content: int) -> tuple[list[Entry], int]:
        items: list[Entry] = []
        before = content
        while not isinstance(inner := next(self._events), yaml.SequenceEndEvent):
            value = self._value(inner)
            start = value.start if event.flow_style else after_blanks(self._text, before)
            items.append(Entry(len(items), start, start, value))
            before = value.raw_end
        return items, _index(inner.end_mark)


def after_blanks(text: str, index: int) -> int:
    """Return where the next character stands that is no blank, line break or comment."""
    while index < len(text):
        if text[index] == "#":
            while index < len(text) and text[index] not in "\r\n":
                index += 1
        elif text[index] not in " \t\r\n":
            break
        else:
            index += 1
    return index


def _trimmed(text: str, start: int, end: int) -> int:
    """Return the end of the last line of a block scalar that is not blank, without its break."""
    last = start + len(text[start:end].rstrip(" \r\n"))
    while last < end and text[last] == " ":
        last += 1
    return last


def _index(mark: object) -> int:
    return cast("yaml.Mark", mark).index  # events of a parser always have marks
