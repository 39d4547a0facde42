"""Shell scripts as far as guesses need them: lines, simple commands, variables with fixed values.

Nothing is executed, and nothing here claims to be a shell: what cannot be read is left out.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_LINES = 2_000
_LONGEST_LINE = 2_000
_MOST_TEXT = 32_000
_OPERATORS = frozenset(";&|()")
_ASSIGNMENT = re.compile(
    r"""(?:^|[;\s])(?:export\s+)?(?P<name>[A-Za-z_]\w*)=(?P<quote>["']?)(?P<value>[^\s"';|&()]*)(?P=quote)"""
)
_DEFAULT = re.compile(r"\$\{(?P<name>[A-Za-z_]\w*):?[-=](?P<value>[^{}]*)\}")
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>[A-Za-z_]\w*)\}|(?P<plain>[A-Za-z_]\w*))")
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Line:
    """A line with the lines that continue it, without its comment."""

    number: int
    text: str

    def commands(self) -> Iterator[list[str]]:
        """Yield the words of each simple command, without operators and redirections."""
        words: list[str] = []
        is_target = False
        for word in _split(self.text):
            if set(word) <= _OPERATORS:
                if words:
                    yield words
                words = []
            elif set(word) <= set("<>&|"):
                is_target = True
                if words and words[-1] in {"1", "2"}:
                    words.pop()
                continue
            elif not is_target:
                words.append(word)
            is_target = False
        if words:
            yield words


@dataclass(frozen=True, slots=True)
class Script:
    """A script of a twin, with what its variables certainly hold put in."""

    path: str
    text: str
    lines: tuple[Line, ...]


def read_script(path: str, text: str) -> Script:
    """Return a script by its lines; comments are left out and fixed variables put in."""
    lines = tuple(_lines(text[:_MOST_TEXT]))
    known = _variables(lines)
    return Script(path, text, tuple(Line(line.number, expand(line.text, known)) for line in lines))


def expand(text: str, known: dict[str, str]) -> str:
    """Return a text with variables whose value is known put in, within limits."""
    for _ in range(_ROUNDS):
        before = text
        text = _DEFAULT.sub(lambda match: known.get(match["name"], match["value"]), text)
        text = _VARIABLE.sub(
            lambda match: known.get(match["braced"] or match["plain"], match[0]), text
        )
        if text == before or len(text) > _LONGEST_LINE:
            break
    return text[:_LONGEST_LINE]


def _variables(lines: tuple[Line, ...]) -> dict[str, str]:
    known: dict[str, str] = {}
    for line in lines:
        for match in (*_ASSIGNMENT.finditer(line.text), *_DEFAULT.finditer(line.text)):
            value = match["value"]
            if "$(" not in value and "`" not in value and len(value) < _LONGEST_LINE:
                known.setdefault(match["name"], value)
    for name in list(known):
        if name in known[name]:  # PATH=$PATH:… and the like never end
            del known[name]
    return known


def _lines(text: str) -> Iterator[Line]:
    started, parts = 0, list[str]()
    for number, raw in enumerate(text.splitlines()[:_MOST_LINES], start=1):
        if not parts:
            started = number
        is_continued = raw.endswith("\\")
        parts.append(raw[:-1] if is_continued else raw)
        if not is_continued:
            joined = _without_comment(" ".join(parts)[:_LONGEST_LINE]).strip()
            parts = []
            if joined:
                yield Line(started, joined)


def _without_comment(line: str) -> str:
    quote = ""
    for index, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "#" and (index == 0 or line[index - 1] in " \t;"):
            return line[:index]
    return line


def _split(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|()<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:  # a quote that ends on a later line
        return text.split()
