"""The head of a table of text (CSV and its relatives) with what its columns hold."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from twinhub_api.library.assets import Table, TableColumn

from twinhub_library.details.errors import UnreadablePartError
from twinhub_library.metadata import read_start

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.tree import Tree

MOST_BYTES = 2 * 1024 * 1024
"""Bytes of a table that are read."""
MOST_COLUMNS = 200
"""Columns that are told about."""
MOST_ROWS = 100_000
HEAD_ROWS = 20

_MOST_CELLS = 400_000
_LONGEST_CELL = 200
_LONGEST_FIELD = 100_000
_SNIFFED_LINES = 50
_SEPARATORS = ",;\t|"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
         (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "?"})
_BOOLEANS = frozenset({"true", "false"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,300}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,300}\.?[0-9]{0,300}|\.[0-9]{1,300})(?:[eE][+-]?[0-9]{1,4})?")
_COMMA = re.compile(r"[+-]?[0-9]{1,300},[0-9]{1,300}(?:[eE][+-]?[0-9]{1,4})?")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)

Kind = Literal["number", "integer", "boolean", "time", "text", "empty"]
Row = tuple[str, ...]


def read_table(tree: Tree, path: RelativePath) -> Table:
    """Return the head of a table and statistics over what was read of it.

    Raises:
        NotThereError: there is no such file.
        UnreadablePartError: it is no table of text.
    """
    content = read_start(tree, path, MOST_BYTES + 1)
    is_complete = len(content) <= MOST_BYTES
    text, encoding = _decode(path, content[:MOST_BYTES])
    if not is_complete:  # the last line is cut
        text = text[: text.rfind("\n") + 1] or text
    separator = _find_separator(text)
    rows, is_whole = _rows(text, separator)
    if not rows:
        raise UnreadablePartError(f"{path} is empty.")
    return _describe(path, rows, encoding, separator, is_complete=is_complete and is_whole)


def _describe(
    path: RelativePath, rows: list[Row], encoding: str, separator: str, *, is_complete: bool
) -> Table:
    width = max(map(len, rows))
    has_header = _has_header(rows)
    body = rows[1:] if has_header else rows
    shown = min(width, MOST_COLUMNS)
    names = _names(rows[0] if has_header else (), shown)
    columns = [_Column(name) for name in names]
    for row in body:
        for at, column in enumerate(columns):
            column.add(row[at] if at < len(row) else "", has_comma=separator != ",")
    return Table(
        file=path.name, encoding=encoding, separator=separator, has_header=has_header,
        columns=tuple(column.describe() for column in columns),
        head=tuple(_cells(row, shown) for row in body[:HEAD_ROWS]),
        rows=len(body), is_complete=is_complete, notes=tuple(_notes(body, width)),
    )  # fmt: skip


def _notes(rows: list[Row], width: int) -> Iterator[str]:
    if width > MOST_COLUMNS:
        yield f"It has {width:,} columns; the first {MOST_COLUMNS} are shown."
    short = sum(len(row) < width for row in rows)
    if short:
        yield f"{short:,} of {len(rows):,} rows have fewer columns than {width:,}."


def _cells(row: Row, most: int) -> Row:
    return tuple(
        cell if len(cell) <= _LONGEST_CELL else f"{cell[:_LONGEST_CELL]}…" for cell in row[:most]
    )


def _decode(path: RelativePath, content: bytes) -> tuple[str, str]:
    """Return the text and its encoding; a character that the limit has cut is left out."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, "replace"), encoding.removesuffix("-sig")
    if b"\0" in content:
        raise UnreadablePartError(f"{path} is no table of text: it holds NUL characters.")
    try:
        decoder = codecs.getincrementaldecoder("utf-8")()
        return decoder.decode(content), "utf-8"
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace"), "cp1252"


def _find_separator(text: str) -> str:
    """Return what parts the first lines into the most columns alike; a comma where nothing does."""
    start = "\n".join(text[: 64 * 1024].splitlines()[:_SNIFFED_LINES])

    def score(separator: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in _parse(start, separator) if any(row))
        widths.pop(1, None)
        if not widths:
            return 0.0, 0
        width, count = widths.most_common(1)[0]
        return count / max(1, start.count("\n") + 1), width

    best = max(_SEPARATORS, key=score)
    return best if score(best)[1] else ","


def _rows(text: str, separator: str) -> tuple[list[Row], bool]:
    """Return the rows, and whether they are all."""
    rows: list[Row] = []
    cells = 0
    for row in _parse(text, separator):
        if not any(row):
            continue
        cells += min(len(row), MOST_COLUMNS)
        if len(rows) == MOST_ROWS or cells > _MOST_CELLS:
            return rows, False
        rows.append(tuple(row))
    return rows, True


def _parse(text: str, separator: str) -> Iterator[list[str]]:
    """Yield rows; where quotes do not match, lines are split as they are."""
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a field beyond the limit of the module
            continue
        yield [cell.strip()[:_LONGEST_FIELD] for cell in row]


def _has_header(rows: Sequence[Row]) -> bool:
    """Tell whether the first row names columns: words, each once, and no values."""
    first = [cell for cell in rows[0] if cell]
    is_named = bool(first) and len(set(first)) == len(first)
    return is_named and all(_kind_of(cell, has_comma=True) in {"text", "empty"} for cell in first)


def _names(header: Row, count: int) -> list[str]:
    given = [cell[:_LONGEST_CELL] for cell in header[:count]]
    return [name or f"{at + 1}" for at, name in enumerate(given + [""] * (count - len(given)))]


def _kind_of(cell: str, *, has_comma: bool) -> Kind:
    word = cell.casefold()
    if word in _MISSING:
        return "empty"
    if _INTEGER.fullmatch(cell):
        return "integer"
    if _NUMBER.fullmatch(cell) or (has_comma and _COMMA.fullmatch(cell)):
        return "number"
    if word in _BOOLEANS:
        return "boolean"
    return "time" if _TIME.fullmatch(cell) else "text"


@dataclass(slots=True)
class _Column:
    """What has been seen in one column."""

    name: str
    kinds: Counter[Kind] = field(default_factory=Counter)
    total: float = 0.0
    lowest: float = math.inf
    highest: float = -math.inf
    first: str = ""
    last: str = ""

    def add(self, cell: str, *, has_comma: bool) -> None:
        kind = _kind_of(cell, has_comma=has_comma)
        self.kinds[kind] += 1
        if kind in {"integer", "number"}:
            value = float(cell.replace(",", "."))
            self.total += value
            self.lowest, self.highest = min(self.lowest, value), max(self.highest, value)
        elif kind == "time":
            self.first = min(self.first or cell, cell)
            self.last = max(self.last, cell)

    def describe(self) -> TableColumn:
        kind = self._kind()
        column = TableColumn(name=self.name, type=kind, missing=self.kinds["empty"])
        if kind in {"integer", "number"}:
            count = self.kinds["integer"] + self.kinds["number"]
            values = {
                "minimum": self.lowest,
                "maximum": self.highest,
                "mean": self.total / count,
            }
            finite = {key: value for key, value in values.items() if math.isfinite(value)}
            return column.model_copy(update=finite)
        if kind == "time":
            return column.model_copy(update={"minimum": self.first, "maximum": self.last})
        return column

    def _kind(self) -> Kind:
        seen = {kind for kind, count in self.kinds.items() if count and kind != "empty"}
        if len(seen) <= 1:
            return next(iter(seen), "empty")
        return "number" if seen == {"integer", "number"} else "text"
