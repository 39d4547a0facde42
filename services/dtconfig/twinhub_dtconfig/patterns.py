"""Patterns of paths: ``*`` and ``?`` within one name, ``**`` for any number of folders.

A pattern is compared part by part, in time that grows with its length times that of the path:
as one regular expression, ``*a*a*a*a*b`` would take hours.
"""

from __future__ import annotations

import functools
import re


def matches(path: str, pattern: str) -> bool:
    """Return whether a pattern names a path, or a folder that the path is in."""
    names = _plain(path).split("/")
    parts = _plain(pattern).split("/")
    ends_open = parts[-1] == "**"
    reached = {0}  # how many of the names the parts so far may stand for
    for part in parts:
        if part == "**":
            reached = set(range(min(reached), len(names) + 1))
        else:
            name = _compiled(part)
            reached = {at + 1 for at in reached if at < len(names) and name.fullmatch(names[at])}
        if not reached:
            return False
    return not ends_open or min(reached) < len(names)


@functools.lru_cache(maxsize=1024)
def _compiled(part: str) -> re.Pattern[str]:
    """Return one part as an expression that never tries a ``*`` again once what follows it fits."""
    first, *others = re.sub(r"\*+", "*", part).split("*")
    if not others:
        return re.compile(_plainly(first), re.DOTALL)
    *middle, last = others
    found = "".join(f"(?>.*?{_plainly(text)})" for text in middle)
    return re.compile(f"{_plainly(first)}{found}.*{_plainly(last)}", re.DOTALL)


def _plainly(text: str) -> str:
    return re.escape(text).replace(r"\?", ".")


def _plain(path: str) -> str:
    """Return a path without what does not change it."""
    return "/".join(part for part in path.split("/") if part not in {"", "."}) or "."
