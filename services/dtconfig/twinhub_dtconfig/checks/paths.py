"""Paths and patterns of a twin's folder: which of them surely mean a common file."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_COMPARISONS = 200_000
_SPECIAL = re.compile(r"[*?\[]")


def is_pattern(path: str) -> bool:
    """Tell whether a path stands for any number of files."""
    return _SPECIAL.search(path) is not None


def matches(path: str, pattern: str) -> bool:
    """Tell whether a path is meant by another, by a folder above it, or by a pattern.

    In a pattern ``**`` stands for any number of folders, and ``*`` for no ``/``.
    """
    return _matches(posixpath.normpath(path), posixpath.normpath(pattern))


def _matches(path: str, pattern: str) -> bool:
    if path == pattern or path.startswith(f"{pattern}/"):
        return True
    if "**" in pattern:
        return fnmatch.fnmatchcase(path, pattern.replace("**/", "*").replace("**", "*"))
    same_depth = path.count("/") == pattern.count("/")
    return same_depth and fnmatch.fnmatchcase(path, pattern)


class PathIndex:
    """Paths and patterns with what owns each; a file of any size is searched in bounded time.

    Where very many patterns are compared with very many paths, later ones are not found.
    """

    def __init__(self, entries: Iterable[tuple[str, str]] = ()) -> None:
        """Add pairs of a path or pattern and its owner."""
        self._exact: dict[str, dict[str, None]] = defaultdict(dict)
        self._below: dict[str, dict[str, None]] = defaultdict(dict)
        self._patterns: dict[str, None] = {}
        self._comparisons = 0
        for path, owner in entries:
            self.add(path, owner)

    def add(self, path: str, owner: str) -> None:
        """Add a path or pattern."""
        path = posixpath.normpath(path)
        self._exact[path][owner] = None
        if is_pattern(path):
            self._patterns[path] = None
        for folder in _folders(path):
            self._below[folder][owner] = None

    def owners(self, path: str) -> list[str]:
        """Return what owns a file that a path or pattern means, each once, in order of adding."""
        path = posixpath.normpath(path)
        found = dict(self._exact.get(path, {}))
        found |= self._below.get(path, {})
        for folder in _folders(path):
            found |= self._exact.get(folder, {})
        for pattern in self._patterns:
            if self._compare(path, pattern):
                found |= self._exact[pattern]
        if is_pattern(path):
            for other, owners in self._exact.items():
                if self._compare(other, path):
                    found |= owners
        return list(found)

    def _compare(self, path: str, pattern: str) -> bool:
        self._comparisons += 1
        return self._comparisons < _MOST_COMPARISONS and _matches(path, pattern)


def _folders(path: str) -> Iterator[str]:
    at = path.rfind("/")
    while at > 0:
        yield path[:at]
        at = path.rfind("/", 0, at)
