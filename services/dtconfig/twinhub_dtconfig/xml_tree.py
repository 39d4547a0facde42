"""A bounded reader of XML: elements, attributes and positions; no text, no document types.

It is for descriptions of models and systems that anybody may have made: a document type (and with
it every entity), a flood of elements, deep nesting and too many bytes are refused while reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat  # tree builders of the standard library cannot be bounded

from twinhub_dtconfig.faults import START, Position

if TYPE_CHECKING:
    from collections.abc import Iterator


class XmlRefusedError(Exception):
    """XML that cannot be read; holds what is wrong, where, and the remedy."""

    def __init__(self, what: str, remedy: str, position: Position = START) -> None:
        """Hold what is wrong, what to do, and where it is."""
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy
        self.position = position


@dataclass(slots=True)
class Element:
    """An element without its text; names in a namespace are ``<namespace> <name>``.

    ``offset`` is where its start tag begins, in bytes of the content, and ``end`` where its end tag
    does; for an element that is written as one tag, where that has ended.
    """

    tag: str
    attributes: dict[str, str]
    position: Position
    offset: int
    end: int = 0
    children: list[Element] = field(default_factory=list)

    def start_end(self, content: bytes) -> int:
        """Return the offset after its start tag in the content that it was read from."""
        tag = _START_TAG.match(content, self.offset)
        return self.end if tag is None else tag.end()

    def is_one_tag(self, content: bytes) -> bool:
        """Tell whether it is written as ``<a/>`` in the content that it was read from."""
        return content[: self.start_end(content)].endswith(b"/>")

    @property
    def name(self) -> str:
        """The tag without its namespace."""
        return self.tag.rpartition(" ")[2]

    def all(self, *names: str) -> Iterator[Element]:
        """Yield what is at a path of names below this element, in order."""
        found = (child for child in self.children if child.name == names[0])
        for child in found:
            if len(names) > 1:
                yield from child.all(*names[1:])
            else:
                yield child


_START_TAG = re.compile(rb"""<(?:[^'">]|"[^"]*"|'[^']*')*>""")
_MOST_ELEMENTS = 400_000
_DEEPEST = 64
_ENCODINGS = {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "utf-16", "windows-1252"}


def parse_xml(content: bytes, *, skip: frozenset[str] = frozenset()) -> Element:
    """Return the root of a document, without the elements of the given names and what is in them.

    Raises:
        XmlRefusedError: the content is no XML, has a document type, or is too large or too deep.
    """
    builder = _Builder(skip)
    try:
        builder.parser.Parse(content, True)  # noqa: FBT003 # expat has no names for it
    except expat.ExpatError as error:
        what = f"this is not valid XML ({expat.ErrorString(error.code)})"
        position = Position(error.lineno, error.offset + 1)
        raise XmlRefusedError(what, "export the file anew", position) from error
    except (ValueError, LookupError) as error:
        raise XmlRefusedError("the encoding is not supported", "save it as UTF-8") from error
    return builder.root


class _Builder:
    def __init__(self, skip: frozenset[str]) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._refuse_document_type
        self.parser.XmlDeclHandler = self._check_encoding
        self._skip = skip
        self._skipped = 0
        self._count = 0
        self._open: list[Element] = [Element("", {}, START, 0)]

    @property
    def root(self) -> Element:
        return self._open[0].children[0]

    @property
    def _position(self) -> Position:
        return Position(self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._skipped or tag.rpartition(" ")[2] in self._skip:
            self._skipped += 1
            return
        self._count += 1
        if self._count > _MOST_ELEMENTS:
            what = f"there are more than {_MOST_ELEMENTS:,} elements"
            raise XmlRefusedError(what, "export fewer variables", self._position)
        if len(self._open) > _DEEPEST:
            what = f"elements are nested more than {_DEEPEST} levels deep"
            raise XmlRefusedError(what, "export the file anew", self._position)
        element = Element(tag, attributes, self._position, self.parser.CurrentByteIndex)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
        else:
            self._open.pop().end = self.parser.CurrentByteIndex

    def _refuse_document_type(self, *_: object) -> None:
        what = "a document type (<!DOCTYPE …>) is not allowed"
        raise XmlRefusedError(what, "remove it", self._position)

    def _check_encoding(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            what = f"the encoding {encoding[:40]!r} is not supported"
            raise XmlRefusedError(what, "save it as UTF-8", self._position)
