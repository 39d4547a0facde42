"""Plain English for what libyaml and its pure Python twin say about broken YAML."""

from __future__ import annotations

from typing import NamedTuple


class Explanation(NamedTuple):
    """What is wrong, what to do, and whether that is said where the broken part *begins*."""

    what: str
    remedy: str
    at_start: bool = False


_TAB = Explanation("a tab cannot indent YAML", "use spaces")
_UNFINISHED = Explanation("the file ends within a list or mapping", "close each '[' and '{'")
_BY_CHARACTER = {
    "\t": _TAB,
    "@": Explanation("text cannot begin with '@'", "put it in quotes"),
    "`": Explanation("text cannot begin with a backtick", "put it in quotes"),
    "%": Explanation("text cannot begin with '%'", "put it in quotes"),
}
_BY_PROBLEM: tuple[tuple[tuple[str, ...], Explanation], ...] = (
    (("tab character",), _TAB),
    (
        ("mapping values are not allowed",),
        Explanation(
            "a ':' cannot stand here",
            "put text that holds ': ' in quotes; check the end of the line above",
        ),
    ),
    (
        ("while scanning a quoted scalar",),
        Explanation(
            "quoted text begins here and does not end", "add the closing quote", at_start=True
        ),
    ),
    (
        ("',' or ']'",),
        Explanation(
            "a list begins here with '[' and does not end", "add ',' or ']'", at_start=True
        ),
    ),
    (
        ("',' or '}'",),
        Explanation("keys begin here with '{' and do not end", "add ',' or '}'", at_start=True),
    ),
    (
        ("scanning an alias", "scanning an anchor"),
        Explanation("a '*' or '&' begins no name here", "put the text in quotes", at_start=True),
    ),
    (
        ("unknown escape character",),
        Explanation(
            "a backslash begins no known escape here", "write '\\\\', or use single quotes"
        ),
    ),
    (
        ("could not find expected ':'",),
        Explanation(
            "a key has no ':' after it", "add ':' and a space, then the value", at_start=True
        ),
    ),
    (
        ("undefined tag handle", "parsing a tag", "scanning a tag"),
        Explanation(
            "a tag begins here that is not supported", "put text that begins with '!' in quotes"
        ),
    ),
    (
        ("directive", "incompatible YAML document"),
        Explanation("a directive begins here that is not supported", "remove lines that begin '%'"),
    ),
    (
        ("did not find expected key", "parsing a block mapping"),
        Explanation(
            "this is neither a key of the section above nor a new one",
            "align it with the keys that it belongs to, and put text with quotes inside in quotes",
        ),
    ),
    (
        ("'-' indicator", "parsing a block collection"),
        Explanation("this is no item of the list above", "begin it with '- ', or align it"),
    ),
    (
        ("document start",),
        Explanation("the file should have ended before this", "write every line as `key: value`"),
    ),
)


def explain(problem: str, character: str) -> Explanation:
    """Return the plain form of a parser's words, given the character that it stopped at."""
    if "cannot start any token" in problem and character in _BY_CHARACTER:
        return _BY_CHARACTER[character]
    if "node content" in problem and not character:
        return _UNFINISHED
    for needles, explanation in _BY_PROBLEM:
        if any(needle in problem for needle in needles):
            return explanation
    return Explanation(f"this is not valid YAML ({problem})", "check quotes and indentation")
