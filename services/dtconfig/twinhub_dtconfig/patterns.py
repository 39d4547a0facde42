"""Patterns of paths: ``*`` and ``?`` within one name, ``**`` for any number of folders."""

from __future__ import annotations

import functools
import re

_WILD = {"*": "[^/]*", "?": "[^/]"}


def matches(path: str, pattern: str) -> bool:
    """Return whether a pattern names a path, or a folder that the path is in."""
    return _compiled(pattern).fullmatch(_plain(path)) is not None


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = ["(?:[^/]+/)*" if part == "**" else _name(part) for part in _plain(pattern).split("/")]
    last = parts.pop()
    folders = "".join(part if part.endswith(")*") else f"{part}/" for part in parts)
    return re.compile(folders + (".+" if last.endswith(")*") else f"{last}(?:/.*)?"), re.DOTALL)


def _name(part: str) -> str:
    return "".join(
        {"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character)) for character in part
    )


def _plain(path: str) -> str:
    """Return a path without what does not change it."""
    return "/".join(part for part in path.split("/") if part not in {"", "."}) or "."
