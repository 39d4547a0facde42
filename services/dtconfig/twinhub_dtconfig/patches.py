"""The patches that may make a change, the most fitting first; the caller takes one that reads so.

Each choice replaces as few characters as the form of the file allows. None of them is known to be
right: whether a form can stand in its place depends on all that is around it, which is for the
reader to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from twinhub_dtconfig.spans import Entry, Span, after_blanks
from twinhub_dtconfig.writing import (
    STEP,
    block,
    entry_text,
    is_long,
    key_text,
    one_line,
    scalar_forms,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twinhub_dtconfig.nodes import Data, Key

_COMMENT = re.compile(r"[ \t]+#[^\r\n]*")
_REST = re.compile(r"[^\r\n]*")
_COLON = re.compile(r"[ \t]*:")
_BREAK = re.compile(r"\r\n|\r|\n|\Z")


class Patch(NamedTuple):
    """Characters to be replaced, and by what."""

    start: int
    end: int
    text: str


def apply(text: str, patches: Iterable[Patch]) -> str:
    """Return the text with all patches made, none of which overlap."""
    for start, end, new in sorted(patches, reverse=True):
        text = text[:start] + new + text[end:]
    return text


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a text with what it stands in, from the root on; there is a root at least."""

    text: str
    newline: str
    spans: tuple[Span, ...]
    entries: tuple[Entry, ...]

    @property
    def span(self) -> Span:
        """The value itself."""
        return self.spans[-1]

    @property
    def is_in_flow(self) -> bool:
        """Whether it stands inside brackets or braces."""
        return any(span.is_flow for span in self.spans[:-1])

    @property
    def indent(self) -> int:
        """How far lines below its key are indented."""
        return self.column(self.spans[-2].content) + STEP if len(self.spans) > 1 else 0

    def column(self, index: int) -> int:
        """Return how many characters stand before one on its line."""
        return index - self.line_start(index)

    def line_start(self, index: int) -> int:
        """Return where the line of a character begins."""
        return max(self.text.rfind("\n", 0, index), self.text.rfind("\r", 0, index)) + 1

    def line_end(self, index: int) -> int:
        """Return where the line of a character ends, before its break."""
        return _end(_REST, self.text, index)

    def begins_line(self, index: int) -> bool:
        """Return whether nothing but blanks stand before a character on its line."""
        return not self.text[self.line_start(index) : index].strip(" \t")

    def end_with_comment(self, span: Span) -> int:
        """Return the end of a value, with the comment behind it if it has several lines."""
        if _BREAK.search(self.text, span.start).start() >= span.end:  # type: ignore[union-attr]
            return span.end
        return _end(_COMMENT, self.text, span.end)


def replacing(place: Place, value: Data) -> Iterator[list[Patch]]:
    """Yield the ways to write a value over another."""
    span = place.span
    if span.kind in {"mapping", "list"} and span.is_block:
        yield from _over_block(place, value)
    if span.start == span.end and not span.is_flow:
        yield from _over_nothing(place, value)
    else:
        yield from _over_inline(place, value)


def adding(place: Place, key: Key, value: Data) -> Iterator[list[Patch]]:
    """Yield the ways to add a key to a mapping or null, or an item to a list."""
    span = place.span
    if span.kind not in {"mapping", "list"}:
        yield from replacing(place, {key: value} if isinstance(key, str) else [value])
    elif span.is_flow:
        text = f"{key_text(key)}: {one_line(value)}" if isinstance(key, str) else one_line(value)
        if span.entries:
            end = span.entries[-1].value.end
            yield [Patch(end, end, f", {text}")]
        else:
            yield [Patch(span.content, span.content, text)]
    else:
        yield from _adding_lines(place, key, value)


def removing(place: Place) -> Iterator[list[Patch]]:
    """Yield the ways to remove an entry."""
    container, entry = place.spans[-2], place.entries[-1]
    others = container.entries
    at = others.index(entry)
    above = Place(place.text, place.newline, place.spans[:-1], place.entries[:-1])
    if len(others) == 1:
        yield from replacing(above, {} if container.kind == "mapping" else [])
    elif container.is_flow:
        if at + 1 < len(others):
            yield [Patch(entry.start, others[at + 1].start, "")]
        else:
            yield [Patch(others[at - 1].value.end, max(entry.value.end, entry.end), "")]
    else:
        yield from _removing_lines(place, container, at)


def renaming(text: str, entry: Entry, name: str) -> Iterator[list[Patch]]:
    """Yield the ways to write another key."""
    anchored = re.compile(r"(?:[&!]\S*\s+)*").match(text, entry.start)
    start = anchored.end() if anchored and text[entry.start] in "&!" else entry.start
    yield [Patch(start, entry.end, key_text(name))]


def at_end(text: str, value: Data, newline: str) -> Iterator[list[Patch]]:
    """Yield the ways to write a value into a text that holds none."""
    gap = "" if not text or text[-1] in "\r\n" else newline
    yield [Patch(len(text), len(text), f"{gap}{block(value, 0, newline)}{newline}")]


def _over_inline(place: Place, value: Data) -> Iterator[list[Patch]]:
    """Over a scalar, an alias or a flow collection."""
    text, span = place.text, place.span
    indent = None if place.is_in_flow else place.indent
    header = text[span.start : span.end] if span.style in {"|", ">"} else ""
    comment = _COMMENT.search(_REST.match(header)[0])  # type: ignore[index]  # it always matches
    for form in scalar_forms(value, span.style, indent, place.newline):
        first, gap, rest = form.partition(place.newline)
        new = f"{first}{comment[0] if comment else ''}{gap}{rest}"
        yield [Patch(span.start, span.end, new)]
        yield [Patch(span.start, span.end, f" {new}")]


def _over_nothing(place: Place, value: Data) -> Iterator[list[Patch]]:
    """Where a value is left out, as in ``a:`` or ``{a, b}``."""
    text, start = place.text, place.span.start
    if is_long(value) and not place.is_in_flow and not _is_item(place):
        end = place.line_end(start)
        gap = place.newline + " " * place.indent
        gap = gap if end > place.line_start(end) or place.entries else ""
        yield [Patch(end, end, gap + block(value, place.indent, place.newline))]
    if not place.entries:  # the root, above `...`
        yield [Patch(start, start, f"{block(value, 0, place.newline)}{place.newline}")]
    indent = None if place.is_in_flow else place.indent
    for form in scalar_forms(value, "", indent, place.newline):
        needs_space = start > 0 and text[start - 1] not in " \t\r\n"
        yield [Patch(start, start, f" {form}" if needs_space else form)]
        yield [Patch(start, start, f" {form} ")]
        if place.entries:
            end = place.entries[-1].end
            yield [Patch(end, end, f": {form}")]
            margin = " " * place.column(place.spans[-2].content)
            yield [Patch(end, end, f"{place.newline}{margin}: {form}")]


def _over_block(place: Place, value: Data) -> Iterator[list[Patch]]:
    """Over a collection that stands on lines of its own, or behind a ``-`` or ``?``."""
    text, span = place.text, place.span
    end = place.end_with_comment(span)
    if is_long(value):
        column = place.column(span.content)
        yield [Patch(span.content, end, block(value, column, place.newline))]
    one = one_line(value)
    if place.entries and place.begins_line(span.content):
        key_end = place.entries[-1].end
        colon = _COLON.match(text, key_end)
        if colon:
            removed = _lines_from(place, span, colon.end())
            yield [Patch(colon.end(), colon.end(), f" {one}"), Patch(removed, end, "")]
    yield [Patch(span.start, end, one)]
    yield [Patch(span.start, end, f"{' ' * STEP}{one}")]


def _lines_from(place: Place, span: Span, colon: int) -> int:
    """Return the break before the first line of a block, with the anchor and tag above it."""
    if span.start < span.content and place.line_start(span.start) <= colon:
        return colon
    line = place.line_start(span.start)
    before = line - (2 if place.text[line - 2 : line] == "\r\n" else 1)
    return max(before, colon)


def _adding_lines(place: Place, key: Key, value: Data) -> Iterator[list[Patch]]:
    text, span, newline = place.text, place.span, place.newline
    column = place.column(span.content)
    if isinstance(key, str):
        new = entry_text(key, value, column, newline)
    else:
        new = f"- {block(value, column + STEP, newline)}"
    margin = " " * column
    end = place.line_end(_end(_COMMENT, text, span.end))
    yield [Patch(end, end, f"{newline}{margin}{new}{newline if end == len(text) else ''}")]
    yield [Patch(end, end, f"{newline}{margin}{new}")]
    raw = span.raw_end
    yield [Patch(raw, raw, f"{margin}{new}{newline}")]
    if isinstance(key, str):
        yield [Patch(span.content, span.content, f"{new}{newline}{margin}")]


def _removing_lines(place: Place, container: Span, at: int) -> Iterator[list[Patch]]:
    text, others = place.text, container.entries
    entry = others[at]
    start = container.content if at == 0 else after_blanks(text, others[at - 1].value.raw_end)
    last = max(entry.value.end, entry.end)
    end = place.line_end(last)
    after = _end(_BREAK, text, end)
    if place.begins_line(start):
        yield [Patch(place.line_start(start), after, "")]
        yield [Patch(place.line_start(start), _end(_BREAK, text, entry.value.raw_end), "")]
    if at + 1 < len(others):
        yield [Patch(start, after_blanks(text, entry.value.raw_end), "")]


def _is_item(place: Place) -> bool:
    return len(place.spans) > 1 and place.spans[-2].kind == "list"


def _end(pattern: re.Pattern[str], text: str, index: int) -> int:
    match = pattern.match(text, index)
    return match.end() if match else index
