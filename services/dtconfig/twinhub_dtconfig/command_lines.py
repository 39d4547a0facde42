"""Commands as text: split into words as a shell would, refused where only a shell could run it."""

from __future__ import annotations

import re
import shlex

_OPERATORS = frozenset("();<>|&")
_SUBSTITUTIONS = re.compile(r"`|\$\(")
_VARIABLE = re.compile(r"\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})")
_PLAIN = re.compile(r"[ \w.,:=/@%+~^!?*{}$\[\]#-]*", re.ASCII)
_SINGLE_QUOTED = re.compile(r"'[^']*'")
_REMEDY = "write the lines under `script:`, or put it in quotes to pass it on as it is"


class BadCommandError(ValueError):
    """A command that cannot be run; holds what is wrong and the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        """Hold what is wrong and what to do."""
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy


def split_command(command: str | tuple[str, ...]) -> list[str]:
    """Return the program and its arguments.

    Text is split at spaces; of a shell, quotes and backslashes work, and nothing else does.

    Raises:
        BadCommandError: only a shell could run it, or it holds no program.
    """
    words = _split(command) if isinstance(command, str) else list(command)
    if not words or not words[0].strip():
        raise BadCommandError("the command names no program", "write the program first")
    if "\0" in "".join(words):
        raise BadCommandError("the command holds a NUL character", "remove it")
    return words


def find_variable(command: str | tuple[str, ...]) -> str | None:
    """Return a ``$NAME`` in text that only a shell would replace, or None."""
    if not isinstance(command, str):
        return None
    found = _VARIABLE.search(_SINGLE_QUOTED.sub("", command))
    return found[0] if found else None


def _split(text: str) -> list[str]:
    if _PLAIN.fullmatch(text):  # most are; what splits all others is a hundred times slower
        return text.split()
    if "\n" in text.strip():
        raise BadCommandError("a command is one line", "write several under `script:`")
    if (found := _SUBSTITUTIONS.search(_SINGLE_QUOTED.sub("", text))) is not None:
        raise BadCommandError(f"{found[0]!r} needs a shell, and a command has none", _REMEDY)
    try:
        for word in _words(text, operators=True):
            if set(word) <= _OPERATORS and word:
                raise BadCommandError(f"{word!r} needs a shell, and a command has none", _REMEDY)
        return _words(text, operators=False)
    except ValueError as error:
        if isinstance(error, BadCommandError):
            raise
        raise BadCommandError("a quote is not closed", "add the closing quote") from error


def _words(text: str, *, operators: bool) -> list[str]:
    lexer = shlex.shlex(text, posix=not operators, punctuation_chars=operators)
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)
