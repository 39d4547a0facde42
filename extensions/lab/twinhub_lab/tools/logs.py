"""The end of a tool's log, as it may be shown."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LINES = 20
_BYTES = 16 * 1024
_LONGEST = 400
_SHORTEST_SECRET = 8
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|CREDENTIAL|COOKIE", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(?i)((?:token|password|passwd|secret|authorization|api[_-]?key)[\"']?\s*[=:]\s*[\"']?"
    r"(?:(?:bearer|token|basic)\s+)?)[^\s\"'&,;]+"
)
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")


def last_lines(log: Path, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the last lines of a log, without secrets and without what would not print."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    shown = [plain(line) for line in masked(text, environment).splitlines()]
    return [line for line in shown if line][-LINES:]


def masked(text: str, environment: Mapping[str, str]) -> str:
    """Return a text without the values of secrets."""
    for name, value in environment.items():
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "***")
    return _SECRET_TEXT.sub(r"\1***", text)


def plain(line: str) -> str:
    """Return a line without colours and control characters, and not longer than a screen."""
    seen = "".join(c if c.isprintable() else " " for c in _CONTROL.sub("", line)).rstrip()
    return seen if len(seen) <= _LONGEST else f"{seen[: _LONGEST - 1]}…"
