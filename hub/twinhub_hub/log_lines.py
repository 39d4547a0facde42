"""Log lines that nobody can stretch or forge with what they send."""

from __future__ import annotations

import logging
import re

MAX_BYTES = 800
"""Longest line, without the time before it and the note on what was cut after it."""

_SECRET = re.compile(r"\b(code|state|(?:[a-z]+_)?token|_xsrf)=[^&\s\"']+")


class ShortLines(logging.Filter):
    """Makes each record one short line; an error keeps its lines, each of them short."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the record's text in place and let it pass."""
        text = record.getMessage()
        lines = text.split("\n") if record.levelno >= logging.ERROR else [text]
        record.msg, record.args = "\n".join(map(shorten, lines)), None
        return True


def shorten(line: str) -> str:
    """Return a line without secrets of an address, escaped where it cannot be seen, and cut."""
    start = _SECRET.sub(r"\1=[secret]", line[: 2 * MAX_BYTES])[:MAX_BYTES]
    if not start.isprintable():
        start = "".join(map(_escape, start))
    kept = start.encode("utf-8", "replace")[:MAX_BYTES].decode("utf-8", "ignore")
    if len(line) <= MAX_BYTES and kept == start:
        return start
    return f"{kept}... ({len(line)} characters)"


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
