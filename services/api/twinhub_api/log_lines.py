"""Log lines that nobody can stretch or forge with what they send: one line of JSON for each event.

A line has ``time`` (UTC, RFC 3339), ``level`` (debug, info, warn, error, fatal), ``process``,
``logger`` and ``message``; an error may have ``detail``, further lines such as a traceback, and an
answered request has ``request``. It is at most 1 KB long, with a detail at most 33 KB.
"""

from __future__ import annotations

import json
import logging
import re
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_BYTES = 600
"""Longest message, without the note on what was cut after it."""

MOST_DETAIL = 16 * 1024
"""Of a longer detail the end is kept."""

_LEVELS = {"WARNING": "warn", "CRITICAL": "fatal"}
_LONGEST_MESSAGE = MAX_BYTES + 80  # as JSON
_SECRET = re.compile(r"\b(code|state|(?:[a-z]+_)?token|_xsrf)=[^&\s\"']+")
_SECRET_HEADER = re.compile(r"(\bx-xsrf-?token[\"']?\s*[:=]\s*[\"']?)[^\s\"',]+", re.IGNORECASE)
_FIELDS: ContextVar[Mapping[str, object]] = ContextVar("log fields")
_COMMON = frozenset({"time", "level", "process", "logger", "message", "detail", "request"})


class JsonLines(logging.Formatter):
    """Formats each record as a line of JSON, as this module describes it."""

    def __init__(self, process: str) -> None:
        """Name the process that logs."""
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        text, detail = record.getMessage(), ""
        if record.levelno >= logging.ERROR:  # of an error the lines are kept apart
            text, _, detail = text.partition("\n")
        if record.exc_info:
            detail = f"{detail}\n{self.formatException(record.exc_info)}".strip("\n")
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
        fields = {
            "time": time.replace("+00:00", "Z"),
            "level": _LEVELS.get(record.levelname, record.levelname.lower()),
            "process": self._process,
            "logger": shorten(record.name),
            "message": _fit(shorten(text)),
            **_FIELDS.get({}),
        }
        return _as_json(fields | ({"detail": _end_of(detail)} if detail else {}))


@contextmanager
def log_fields(**fields: object) -> Iterator[None]:
    """Add fields to each line that is logged within; their size is the caller's concern."""
    token = _FIELDS.set(fields)
    try:
        yield
    finally:
        _FIELDS.reset(token)


def log_to_stderr(process: str, level: int = logging.INFO) -> None:
    """Have all that this process logs, from a level on, go to stderr as lines of JSON.

    A traitlets application logs by a logger of its own, ``traitlets_logging``; beside it this is
    for what its packages log, such as an exception in a callback of the event loop.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(process))
    logging.basicConfig(level=level, handlers=[handler])


def traitlets_logging(process: str) -> dict[str, dict[str, dict[str, object]]]:
    """Return the ``logging_config`` of a traitlets application for lines of JSON on stderr."""
    return {
        "formatters": {"json": {"()": JsonLines, "process": process}},
        "handlers": {"console": {"formatter": "json"}},
    }


def readable(line: str) -> str:
    """Return a line of a log for people; what is no event stays as it is."""
    try:
        event = json.loads(line)
    except ValueError:
        return line
    if not isinstance(event, dict) or "message" not in event:
        return line
    time, level, process = (str(event.get(key, "-")) for key in ("time", "level", "process"))
    others = {key: value for key, value in event.items() if key not in _COMMON}
    rest = f" {_as_json(others)}" if others else ""
    detail = "".join(f"\n    {line}" for line in str(event.get("detail", "")).splitlines())
    return f"{time} {level:<5} {process:<12} {event['message']}{rest}{detail}"


def shorten(line: str) -> str:
    """Return a line without secrets of a request, escaped where it cannot be seen, and cut."""
    start = _SECRET.sub(r"\1=[secret]", line[: 2 * MAX_BYTES])
    start = _SECRET_HEADER.sub(r"\1[secret]", start)[:MAX_BYTES]
    if not start.isprintable():
        start = "".join(map(_escape, start))
    kept = start.encode("utf-8", "replace")[:MAX_BYTES].decode("utf-8", "ignore")
    if len(line) <= MAX_BYTES and kept == start:
        return start
    return f"{kept}... ({len(line)} characters)"


def _end_of(detail: str) -> str:
    """Return the last lines that fit, each of them short."""
    lines: list[str] = []
    left = MOST_DETAIL
    for line in reversed(detail.splitlines()):
        short = shorten(line)
        left -= len(_as_json(short).encode())
        if left < 0:
            lines.append("...")
            break
        lines.append(short)
    return "\n".join(reversed(lines))


def _fit(text: str) -> str:
    """Return a text that is as short in JSON, where quotes and backslashes become longer."""
    if len(_as_json(text).encode()) <= _LONGEST_MESSAGE:
        return text
    return f"{text[: MAX_BYTES // 2]}..."


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
