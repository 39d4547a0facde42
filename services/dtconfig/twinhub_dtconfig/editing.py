"""Edits of a YAML text that somebody wrote: what is not asked for stays as it is, byte for byte.

An edit is a patch of the characters of one value, key or entry; nothing is written anew around it.
What a patch gives is read again before it is returned: unless it holds just the data that was asked
for, the edit is refused. A value that aliases repeat is refused too, with the place of the alias,
since a change would show there as well; an alias itself is replaced by the new value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from twinhub_dtconfig import patches
from twinhub_dtconfig.changes import (
    nested,
    same_data,
    value_at,
    with_key,
    with_value,
    without_value,
)
from twinhub_dtconfig.documents import DocumentError, parse_document
from twinhub_dtconfig.faults import Fault, nearest_key
from twinhub_dtconfig.lines import LINE_BREAK, position_at
from twinhub_dtconfig.spans import Entry, Span, SpanTree, read_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twinhub_dtconfig.nodes import Data, Key
    from twinhub_dtconfig.patches import Patch

_BOM = "\ufeff"


class EditError(DocumentError):
    """An edit that cannot be made, with the place that prevents it; the text is unchanged."""


def set_value(text: str, path: Sequence[Key], value: Data, *, file: str = "twin.yaml") -> str:
    """Return the text with the value at a path set; only the bytes of that value change.

    A missing key is added after the keys of its mapping, with the mappings that it needs; the index
    after the last adds an item to a list. Setting what is there already changes nothing.

    Raises:
        EditError: the text has a form in which this cannot be done, or the value fits no YAML.
        DocumentError: the text is no document. Faults name the file as it is given here.
    """
    return _Edit(text, file).set(tuple(path), value)


def remove_value(text: str, path: Sequence[Key], *, file: str = "twin.yaml") -> str:
    """Return the text without a key or an item; a mapping that is left empty is ``{}``.

    The comment at the end of its last line goes with it; comments on lines of their own stay.

    Raises:
        EditError: nothing is there, or the text has a form in which this cannot be done.
        DocumentError: the text is no document.
    """
    return _Edit(text, file).remove(tuple(path))


def rename_key(text: str, path: Sequence[Key], name: str, *, file: str = "twin.yaml") -> str:
    """Return the text with another key for the value at a path; only the bytes of the key change.

    Raises:
        EditError: there is no such key, or the new one is taken.
        DocumentError: the text is no document.
    """
    return _Edit(text, file).rename(tuple(path), name)


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is of a path: the spans from the root on, and the entries that lead to them."""

    spans: tuple[Span, ...]
    entries: tuple[Entry, ...]
    missing: tuple[Key, ...]


class _Edit:
    def __init__(self, text: str, file: str) -> None:
        self._bom = _BOM if text.startswith(_BOM) else ""
        self._text = text.removeprefix(_BOM)
        self._file = file
        self._data = self._parse(self._text)
        self._tree: SpanTree = read_spans(self._text)
        line_break = LINE_BREAK.search(self._text)
        self._newline = line_break[0] if line_break else "\n"

    def set(self, path: tuple[Key, ...], value: Data) -> str:
        found = self._find(path)
        if not found.missing and same_data(value_at(self._data, path), value):
            return self._bom + self._text
        expected = with_value(self._data, path, value)
        if self._tree.root is None:
            whole = nested(path, value)
            return self._first(patches.at_end(self._text, whole, self._newline), expected, path)
        self._check_aliases(found)
        context = patches.Place(self._text, self._newline, found.spans, found.entries)
        if not found.missing:
            return self._first(patches.replacing(context, value), expected, path)
        self._check_room(found, path)
        added = nested(found.missing[1:], value)
        return self._first(patches.adding(context, found.missing[0], added), expected, path)

    def remove(self, path: tuple[Key, ...]) -> str:
        found = self._find(path)
        if found.missing or not path:
            self._refuse_missing(found, path)
        self._check_aliases(found)
        context = patches.Place(self._text, self._newline, found.spans, found.entries)
        return self._first(patches.removing(context), without_value(self._data, path), path)

    def rename(self, path: tuple[Key, ...], name: str) -> str:
        found = self._find(path)
        if found.missing or not path or not isinstance(path[-1], str):
            self._refuse_missing(found, path)
        self._check_ancestors(found)
        container = value_at(self._data, path[:-1])
        if isinstance(container, dict) and name in container and name != path[-1]:
            taken = next(e for e in found.spans[-2].entries if e.key == name)
            self._refuse(taken.start, f"the key {name!r} is here already", "choose another")
        expected = with_key(self._data, path, name)
        return self._first(patches.renaming(self._text, found.entries[-1], name), expected, path)

    def _parse(self, text: str) -> Data:
        return parse_document(text.encode("utf-8", "surrogatepass"), self._file).data

    def _find(self, path: tuple[Key, ...]) -> _Found:
        spans = [self._tree.root] if self._tree.root else []
        entries: list[Entry] = []
        for depth, key in enumerate(path):
            if not spans:
                return _Found((), (), path)
            if spans[-1].kind == "alias":
                name = spans[-1].anchor
                place = ":".join(map(str, self._place(self._tree.anchors[name or ""])))
                what = f"the value repeats &{name}, from {place}"
                self._refuse(spans[-1].start, what, "change it there, or write it out here")
            entry = next(
                (e for e in spans[-1].entries if type(e.key) is type(key) and e.key == key), None
            )
            if entry is None:
                return _Found(tuple(spans), tuple(entries), path[depth:])
            entries.append(entry)
            spans.append(entry.value)
        return _Found(tuple(spans), tuple(entries), ())

    def _check_aliases(self, found: _Found) -> None:
        """Refuse a change of what aliases elsewhere repeat."""
        self._check_ancestors(found)
        start, end = found.spans[-1].start, found.spans[-1].raw_end
        if found.missing:
            return
        for name, place in self._tree.anchors.items():
            if start <= place < end:
                self._check_repeats(name, start, end)

    def _check_ancestors(self, found: _Found) -> None:
        for span in found.spans if found.missing else found.spans[:-1]:
            if span.anchor is not None:
                self._check_repeats(span.anchor, span.start, span.raw_end)

    def _check_repeats(self, name: str, start: int, end: int) -> None:
        for alias, index in self._tree.aliases:
            if alias == name and not start <= index < end:
                place = ":".join(map(str, self._place(index)))
                what = f"what is to be changed is repeated by *{name} at {place}"
                self._refuse(start, what, "write the value out there first")

    def _check_room(self, found: _Found, path: tuple[Key, ...]) -> None:
        """Refuse to add a key to what is no mapping, or an item past the end of a list."""
        span, key = found.spans[-1], found.missing[0]
        if any(isinstance(step, int) for step in found.missing[1:]):
            self._refuse_missing(found, path)
        holds = value_at(self._data, path[: len(path) - len(found.missing)])
        if isinstance(key, str) and (holds is None or isinstance(holds, dict)):
            return
        if isinstance(key, int) and isinstance(holds, list) and key == len(span.entries):
            return
        self._refuse_missing(found, path)

    def _refuse_missing(self, found: _Found, path: tuple[Key, ...]) -> NoReturn:
        """Refuse to go on from the last part of a path that is there."""
        index = found.spans[-1].start if found.spans else len(self._text)
        there = path[: len(path) - len(found.missing)]
        step = found.missing[0] if found.missing else ""
        entries = found.spans[-1].entries if found.spans else ()
        holds = value_at(self._data, there)
        parent, what, remedy, nearest = shown_path(there), "", "", None
        if isinstance(step, int):
            what = f": {parent} is no list"
            if isinstance(holds, list):
                what = f": {parent} has {len(holds)} items"
                remedy = f"the next is {shown_path((*there, len(holds)))}"
        elif isinstance(holds, dict):
            nearest = nearest_key(step, [str(entry.key) for entry in entries])
        else:
            what, remedy = f": {parent} has no keys", f"remove {parent} first"
        what = f"{shown_path(path)} is not there{what}"
        fault = Fault(self._file, *self._place(index), what, remedy, nearest)
        raise EditError([fault], text=self._text)

    def _first(self, choices: Iterable[list[Patch]], expected: Data, path: tuple[Key, ...]) -> str:
        """Return the text with the first choice of patches that gives the data that is expected."""
        for choice in choices:
            changed = patches.apply(self._text, choice)
            try:
                if same_data(self._parse(changed), expected):
                    return self._bom + changed
            except DocumentError:
                continue
        spans = self._find(path).spans
        what = f"{shown_path(path)} cannot be changed so in a file of this form"
        return self._refuse(spans[-1].start if spans else 0, what, "change it by hand")

    def _refuse(self, index: int, what: str, remedy: str) -> NoReturn:
        fault = Fault(self._file, *self._place(index), what, remedy)
        raise EditError([fault], text=self._text)

    def _place(self, index: int) -> tuple[int, int]:
        return position_at(self._text, index)


def shown_path(path: Sequence[Key]) -> str:
    """Return a path as people write it, such as ``'ports.api'`` or ``'files[0].to'``."""
    shown = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return repr(shown.removeprefix(".")) if path else "the document"
