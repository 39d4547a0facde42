"""The only YAML reader of the product: one document, limited, with a position for every value.

It reads the JSON-like part of YAML 1.2: mappings, lists, and the scalars of the core schema. Keys
are always text: ``1883:`` is the key ``"1883"``. Refused with a position are duplicate keys, merge
keys, other tags and further documents. Anchors and aliases work within limits that make an alias
bomb as cheap as any other mistake.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import yaml

from twinhub_dtconfig.composer import ComposeError, Composer, Limits
from twinhub_dtconfig.faults import START, Fault, Position
from twinhub_dtconfig.files import FileRefusedError, read_file_inside, read_regular_file
from twinhub_dtconfig.lines import HIDDEN, UNREADABLE, escape_hidden, line_of, position_at
from twinhub_dtconfig.nodes import Child, Data, Key, Node
from twinhub_dtconfig.scalars import CORE, ScalarError, resolve_plain
from twinhub_dtconfig.syntax import explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = [
    "DEFAULT_LIMITS", "Data", "Document", "DocumentError", "Key", "Limits", "Position",
    "dump_document", "load_document", "parse_document",
]  # fmt: skip

DEFAULT_LIMITS = Limits()

# The C parser is some ten times faster; the pure one gives the same events where it is missing.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

# Where the first four bytes are NUL when ASCII is written in UTF-16 or UTF-32.
_NULS_OF_ASCII = {"0101", "1010", "0111", "1110"}
_OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


class DocumentError(Exception):
    """A document that cannot be read, with every fault that was found, in order of position.

    ``document`` is what could be read all the same, where the faults did not stop the reading.
    """

    def __init__(
        self, faults: Iterable[Fault], document: Document | None = None, *, text: str = ""
    ) -> None:
        """Sort the faults; the text of the error is one line for each."""
        self.faults: tuple[Fault, ...] = tuple(sorted(faults, key=lambda f: (f.line, f.column)))
        self.document = document
        self._text = text
        super().__init__("\n".join(map(str, self.faults)))

    def line_of(self, number: int) -> str:
        """Return a line of the file, counted from 1; no text where it could not be decoded."""
        return line_of(self._text, number)


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML file holds, as plain data, and where in the file each part of it is."""

    file: str
    data: Data
    _root: Node = field(repr=False, compare=False)
    _text: str = field(repr=False, compare=False)

    def position_of(self, path: Sequence[Key]) -> Position:
        """Return where a value begins; for one that is absent, where its nearest parent begins."""
        return self._find(path).node.position

    def key_position_of(self, path: Sequence[Key]) -> Position:
        """Return where the key of a value begins; absent values count as their nearest parent."""
        return self._find(path).position

    def line_of(self, number: int) -> str:
        """Return a line of the file, counted from 1, without its break; no text past the end."""
        return line_of(self._text, number)

    def _find(self, path: Sequence[Key]) -> Child:
        found = Child(self._root.position, self._root)
        for key in path:
            child = found.node.child(key)
            if child is None:
                break
            found = child
        return found


def load_document(
    path: Path, *, limits: Limits = DEFAULT_LIMITS, is_link_refused: bool = False
) -> Document:
    """Return the document in a file; faults name the file as it was given.

    ``is_link_refused`` says whether the file has to be in its folder: a link to what is elsewhere
    shows parts of it to whoever may read the faults.

    Raises:
        DocumentError: the file cannot be read, or what it holds is refused.
    """
    try:
        if is_link_refused:
            content = read_file_inside(path.parent, path.name, limits.size_bytes).content
        else:
            content = read_regular_file(path, limits.size_bytes).content
    except FileRefusedError as error:
        fault = Fault(str(path), *START, f"the file {error}", "give the path of a YAML file")
        raise DocumentError([fault]) from error
    return parse_document(content, str(path), limits=limits)


def parse_document(content: bytes, file: str, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Return the document in the bytes of a file, which faults call by the given name.

    Raises:
        DocumentError: the content is refused.
    """
    if len(content) > limits.size_bytes:
        what = f"the file has {len(content):,} bytes, which is too many"
        remedy = f"keep it below {limits.size_bytes:,}"
        raise DocumentError([Fault(file, *START, what, remedy)])
    text = _decode(content, file)
    composer = Composer(read_events(text), file, limits)
    try:
        root = composer.compose()
    except ComposeError as error:
        raise DocumentError(composer.faults, text=text) from error
    except yaml.MarkedYAMLError as error:
        faults = [*composer.faults, _syntax_fault(error, text, file)]
        raise DocumentError(faults, text=text) from error
    document = Document(file, root.build(), root, text)
    if composer.faults:
        raise DocumentError(composer.faults, document, text=text)
    return document


def read_events(text: str) -> Iterator[yaml.Event]:
    """Yield the parser's events of a text without a byte order mark; indexes count characters."""
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
    return events


def dump_document(data: Data) -> str:
    """Return YAML that loads back as equal data."""
    dumped: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False
    )
    return escape_hidden(dumped)


class _Dumper(_DUMPER):  # type: ignore[misc]  # chosen at import
    """Writes text that the core schema would take for something else in quotes."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        try:
            is_safe = resolve_plain(text) == text
        except ScalarError:
            is_safe = False
        style = '"' if HIDDEN.search(text) else None if is_safe else "'"
        node: yaml.ScalarNode = self.represent_scalar(f"{CORE}str", text, style=style)
        return node


_Dumper.add_representer(str, _Dumper.represent_text)


def _decode(content: bytes, file: str) -> str:
    if content.startswith(_OTHER_ENCODINGS) or _nuls(content) in _NULS_OF_ASCII:
        what = "the file is in UTF-16 or UTF-32"
        raise DocumentError([Fault(file, *START, what, "save the file as UTF-8")])
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        what = f"the byte 0x{content[error.start]:02x} is not UTF-8"
        fault = Fault(file, *position_at(before, len(before)), what, "save the file as UTF-8")
        raise DocumentError([fault]) from error
    unreadable = UNREADABLE.search(text)
    if unreadable:
        what = f"the invisible character U+{ord(unreadable[0]):04X} is not allowed"
        position = position_at(text, unreadable.start())
        raise DocumentError([Fault(file, *position, what, "remove it")], text=text)
    return text


def _nuls(content: bytes) -> str:
    return "".join(str(int(byte == 0)) for byte in content[:4])


def _syntax_fault(error: yaml.MarkedYAMLError, text: str, file: str) -> Fault:
    stop = cast("yaml.Mark", error.problem_mark)  # a parser always says where it stopped
    at = stop.index
    explanation = explain(f"{error.problem} {error.context}", text[at - 1 : at], text[at : at + 1])
    noticed = min(Position(stop.line + 1, stop.column + 1), position_at(text, len(text)))
    if not explanation.at_start or error.context_mark is None:
        return Fault(file, *noticed, explanation.what, explanation.remedy)
    line, column = error.context_mark.line + 1, error.context_mark.column + 1
    what = f"{explanation.what} (noticed at {noticed.line}:{noticed.column})"
    return Fault(file, line, column, what, explanation.remedy)
