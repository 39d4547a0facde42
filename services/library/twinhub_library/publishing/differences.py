"""What changes from one content to another: text by line, notebooks by cell, else sizes."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_library.merging.content import chunks_of
from twinhub_library.merging.text import MOST_BYTES, is_text

if TYPE_CHECKING:
    from twinhub_library.merging import Content

MOST_FILES = 500
"""Files whose difference is told line by line; of more only that they differ."""
MOST_LINES = 2000
"""Lines of the difference of one file."""
MOST_COMPARED = 20_000
"""Lines of a file, and of all of them the square is what a comparison can take."""
_MOST_PAIRS = 5_000_000


@dataclass(frozen=True, slots=True)
class FileDifference:
    """One file that is not the same in both."""

    path: str
    change: str
    """``added``, ``removed`` or ``changed``."""
    old_digest: str
    new_digest: str
    old_size: int
    new_size: int
    text: str
    """The lines as a unified difference; empty for what is no text, or too long."""


def compare(old: Content, new: Content) -> list[FileDifference]:
    """Return the files that differ, by path."""
    before, after = old.list_files(), new.list_files()
    changed = [
        path for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path)
    ]
    differences = []
    for number, path in enumerate(changed):
        is_old, is_new = path in before, path in after
        first, old_size = _read(old, path) if is_old else (b"", 0)
        second, new_size = _read(new, path) if is_new else (b"", 0)
        text = _compare_text(path, first, second) if number < MOST_FILES else ""
        change = "changed" if is_old and is_new else "added" if is_new else "removed"
        old_digest, new_digest = (
            marks[path].digest if path in marks else "" for marks in (before, after)
        )
        differences.append(
            FileDifference(
                path, change, old_digest, new_digest, old_size, new_size, text
            )
        )  # fmt: skip
    return differences


def _read(content: Content, path: str) -> tuple[bytes, int]:
    """Return the beginning of a file, which is all of it if it is a text, and its size in bytes."""
    start, size = bytearray(), 0
    for chunk in chunks_of(content, path):
        size += len(chunk)
        if len(start) <= MOST_BYTES:
            start += chunk
    return bytes(start), size


def _compare_text(path: str, old: bytes, new: bytes) -> str:
    if not is_text(old) or not is_text(new):
        return ""
    texts = [one.decode("utf-8", "replace") for one in (old, new)]
    if path.endswith(".ipynb"):
        texts = [_show_notebook(one) for one in texts]
    first, second = (one.splitlines() for one in texts)
    if len(first) + len(second) > MOST_COMPARED or _is_repetitive(first, second):
        return ""
    lines = list(difflib.unified_diff(first, second, f"a/{path}", f"b/{path}", lineterm=""))
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"... {len(lines) - MOST_LINES} more lines"]
    return "\n".join(lines)


def _is_repetitive(first: list[str], second: list[str]) -> bool:
    """Tell whether a line comes so often that difflib would take for ever."""
    return (
        bool(first and second) and (len(first) * len(second)) / len({*first, *second}) > _MOST_PAIRS
    )


def _show_notebook(text: str) -> str:
    """Return the cells of a notebook as text, without outputs; a broken one as it is."""
    try:
        cells = json.loads(text)["cells"]
        shown = []
        for number, cell in enumerate(cells, 1):
            source = cell["source"]
            joined = source if isinstance(source, str) else "".join(source)
            shown.append(f"# cell {number} ({cell['cell_type']})\n{joined}")
        return "\n".join(shown)
    except (ValueError, TypeError, LookupError, RecursionError):
        return text
