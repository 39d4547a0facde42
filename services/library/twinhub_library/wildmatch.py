"""The patterns of gitignore(5), matched in time of pattern times name: never by an expression."""

from __future__ import annotations

import string
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ANY_FOLDERS = None
"""In the parts of a pattern: ``**``, any number of folders, also none."""
_LONGEST = 512
"""Characters of one part of a pattern; a name has at most 255 bytes."""
_REMEMBERED = 512
_CLASSES: dict[str, Callable[[str], bool]] = {
    "alpha": str.isalpha, "digit": str.isdigit, "alnum": str.isalnum, "upper": str.isupper,
    "lower": str.islower, "space": str.isspace, "punct": string.punctuation.__contains__,
    "xdigit": string.hexdigits.__contains__,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: a pattern by its parts."""

    parts: tuple[str | None, ...]
    takes: bool
    """Whether it takes in again, by ``!``."""
    folders_only: bool


def read_rule(line: str) -> Rule | None:
    """Return the rule of a line; None for a comment, and for what is no pattern."""
    line = _without_spaces_at_end(line.removesuffix("\r"))
    if not line or line.startswith("#"):
        return None
    takes = line.startswith("!")
    pattern = line[1:] if takes else line
    folders_only = pattern.endswith("/")
    pattern = pattern.removesuffix("/") if folders_only else pattern
    if not pattern:
        return None
    anchored = "/" in pattern
    names = pattern.removeprefix("/").split("/")
    if max(map(len, names)) > _LONGEST:
        return None
    parts: list[str | None] = [_ANY_FOLDERS if name == "**" else name for name in names]
    if not anchored:
        parts.insert(0, _ANY_FOLDERS)
    if parts[-1] is _ANY_FOLDERS:
        parts.append("*")  # something in the folder, not the folder itself
    return Rule(tuple(parts), takes, folders_only)


def _without_spaces_at_end(line: str) -> str:
    while line.endswith(" ") and not line.endswith("\\ "):
        line = line[:-1]
    return line


def match_path(parts: Sequence[str | None], names: Sequence[str]) -> bool:
    """Return whether the names of a path match the parts of a rule.

    A failure goes back to the last ``**`` alone.
    """
    at, name, again, tried = 0, 0, -1, 0
    while name < len(names):
        part = parts[at] if at < len(parts) else ""
        if at < len(parts) and part is _ANY_FOLDERS:
            again, tried, at = at, name, at + 1
        elif at < len(parts) and part is not None and match_name(part, names[name]):
            at, name = at + 1, name + 1
        elif again >= 0:
            tried += 1
            at, name = again + 1, tried
        else:
            return False
    return all(part is _ANY_FOLDERS for part in parts[at:])


def match_name(pattern: str, name: str) -> bool:
    """Return whether one name matches one part of a pattern, as wildmatch of git does."""
    tokens = _tokens(pattern)
    if tokens is None:
        return False
    at, place, again, tried = 0, 0, -1, 0
    while place < len(name):
        token = tokens[at] if at < len(tokens) else None
        if token is not None and token.is_star:
            again, tried, at = at, place, at + 1
        elif token is not None and token.matches(name[place]):
            at, place = at + 1, place + 1
        elif again >= 0:
            tried += 1
            at, place = again + 1, tried
        else:
            return False
    return all(token.is_star for token in tokens[at:])


@dataclass(frozen=True, slots=True)
class _Token:
    literal: str = ""
    is_star: bool = False
    is_any: bool = False
    ranges: tuple[tuple[str, str], ...] = ()
    classes: tuple[str, ...] = ()
    is_negated: bool = False

    def matches(self, character: str) -> bool:
        """Return whether it stands for a character."""
        if self.is_any:
            return True
        if self.literal:
            return character == self.literal
        inside = any(low <= character <= high for low, high in self.ranges) or any(
            _CLASSES[one](character) for one in self.classes
        )
        return inside is not self.is_negated


@lru_cache(_REMEMBERED)
def _tokens(pattern: str) -> tuple[_Token, ...] | None:
    """Return the tokens of a part; None where it is no pattern."""
    tokens, at = [], 0
    while at < len(pattern):
        one = pattern[at]
        if one == "[":
            found = _bracket(pattern, at + 1)
            if found is None:
                return None
            token, at = found
            tokens.append(token)
            continue
        if one == "\\":
            at += 1
            if at == len(pattern):
                return None
            tokens.append(_Token(pattern[at]))
        elif one == "*":
            tokens.append(_Token(is_star=True))
        else:
            tokens.append(_Token(is_any=True) if one == "?" else _Token(one))
        at += 1
    return tuple(tokens)


def _bracket(pattern: str, at: int) -> tuple[_Token, int] | None:
    """Read ``[…]`` from after its bracket; return the token and where it ends."""
    is_negated = pattern[at : at + 1] in {"!", "^"}
    at += is_negated
    ranges: list[tuple[str, str]] = []
    classes: list[str] = []
    first = True
    while at < len(pattern) and (first or pattern[at] != "]"):
        first = False
        if pattern.startswith("[:", at):
            end = pattern.find(":]", at + 2)
            if end < 0 or pattern[at + 2 : end] not in _CLASSES:
                return None
            classes.append(pattern[at + 2 : end])
            at = end + 2
            continue
        low, at = _character(pattern, at)
        high = low
        if pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] not in {"", "]"}:
            high, at = _character(pattern, at + 1)
        ranges.append((low, high))
    if at >= len(pattern):
        return None
    return _Token(ranges=tuple(ranges), classes=tuple(classes), is_negated=is_negated), at + 1


def _character(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at] == "\\" and at + 1 < len(pattern):
        at += 1
    return pattern[at], at + 1
