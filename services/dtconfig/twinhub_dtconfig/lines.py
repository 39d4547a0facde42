"""Places in a text as editors count them: lines end in LF, CRLF or CR, and begin at 1."""

from __future__ import annotations

import re

from twinhub_dtconfig.faults import Position

LINE_BREAK = re.compile("\r\n|\r|\n")

# Besides control characters: line breaks of YAML 1.1 alone, byte order marks, lone surrogates.
UNREADABLE = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""Characters that a YAML file cannot hold, but for a byte order mark at its start."""

# Besides what is unreadable: marks of direction, joiners, soft hyphens, tags.
HIDDEN = re.compile(
    f"{UNREADABLE.pattern}|[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\U000e0000-\U000e0fff]"
)
"""Characters that nobody sees, or that change what others look like."""


def escape_hidden(text: str) -> str:
    """Return text of quotes, of YAML, with escapes for characters that nobody sees."""
    return HIDDEN.sub(_escape, text)


def _escape(character: re.Match[str]) -> str:
    code = ord(character[0])
    return f"\\u{code:04x}" if code < 2**16 else f"\\U{code:08x}"


def line_of(text: str, number: int) -> str:
    """Return a line of a text, counted from 1, without its break; no text past the end."""
    lines = LINE_BREAK.split(text)
    return lines[number - 1] if 1 <= number <= len(lines) else ""


def position_at(text: str, index: int) -> Position:
    """Return the place of the character with an index; that of the end for one past it."""
    lines = LINE_BREAK.split(text[:index])
    return Position(len(lines), len(lines[-1]) + 1)
