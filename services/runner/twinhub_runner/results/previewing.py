"""Previews of results: what a stranger's program has made, read as far as is shown and no further.

What a file is, is told by its content; its name only says how text is to be read.
"""

from __future__ import annotations

import csv
import io
import json
import struct
from typing import TYPE_CHECKING

from twinhub_api.runner.results import Picture, Preview, PreviewKind

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_api.runner.results import Artefact

_HEAD = 64 << 10
_TEXT = 16 << 10
_ROWS, _COLUMNS, _CELL = 50, 50, 200
MOST_OF_A_PICTURE = 8 << 20
"""Bytes of one that is shown."""
_MOST_PIXELS = 40_000_000
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_DELIMITERS = {"csv": ",;\t", "tsv": "\t"}
_SIZE_MARKERS = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Of JPEG (ITU-T T.81, B.1.1.3): frames, which say how large it is."""


def preview(file: Path, artefact: Artefact) -> Preview:
    """Return what is shown of a result.

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as content:
        head = content.read(_HEAD)
    if (picture := find_picture(head, artefact.size)) is not None:
        return Preview(kind=PreviewKind.PICTURE, picture=picture)
    text = _text_of(head, is_whole=len(head) == artefact.size)
    if text is None:
        return Preview(kind=PreviewKind.NONE)
    is_whole = len(head) == artefact.size
    ending = artefact.path.rpartition(".")[2].lower()
    if ending in _DELIMITERS and (table := _table_of(text, _DELIMITERS[ending], is_whole=is_whole)):
        return table
    if ending == "json" and is_whole and (shown := _indented(text)) is not None:
        return _as_text(shown, PreviewKind.JSON, is_whole=True)
    return _as_text(text, PreviewKind.TEXT, is_whole=is_whole)


def find_picture(head: bytes, size: int) -> Picture | None:
    """Return what a file is that begins so, if it is a picture that is shown."""
    if size > MOST_OF_A_PICTURE:
        return None
    if head.startswith(_PNG) and head[12:16] == b"IHDR" and len(head) >= 24:  # noqa: PLR2004
        width, height = struct.unpack(">II", head[16:24])
        media_type = "image/png"
    elif head.startswith(_JPEG) and (found := _size_of_jpeg(head)) is not None:
        width, height = found
        media_type = "image/jpeg"
    else:
        return None
    if not 0 < width * height <= _MOST_PIXELS:
        return None
    return Picture(media_type=media_type, width=width, height=height)


def _size_of_jpeg(head: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:  # noqa: PLR2004 - begins each marker
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4])
        if marker in _SIZE_MARKERS:
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


def _text_of(head: bytes, *, is_whole: bool) -> str | None:
    """Return the text that begins so; None where it is none."""
    if b"\0" in head:
        return None
    for cut in range(1 if is_whole else 4):  # a character may be cut in two
        try:
            return head[: len(head) - cut].decode("utf-8-sig")
        except UnicodeDecodeError:
            continue
    return None


def _as_text(text: str, kind: PreviewKind, *, is_whole: bool) -> Preview:
    return Preview(kind=kind, text=text[:_TEXT], is_whole=is_whole and len(text) <= _TEXT)


def _indented(text: str) -> str | None:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


def _table_of(text: str, delimiters: str, *, is_whole: bool) -> Preview | None:
    """Return the first rows of a table; None where it is none."""
    if not is_whole:
        text = text.rpartition("\n")[0]
    first = text.partition("\n")[0]
    delimiter = max(delimiters, key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error:
        return None
    if not rows:
        return None
    is_cut = len(rows) > _ROWS + 1 or any(len(row) > _COLUMNS for row in rows)
    shown = [tuple(cell[:_CELL] for cell in row[:_COLUMNS]) for row in rows[: _ROWS + 1]]
    return Preview(
        kind=PreviewKind.TABLE, columns=shown[0], rows=tuple(shown[1:]),
        is_whole=is_whole and not is_cut,
    )  # fmt: skip
