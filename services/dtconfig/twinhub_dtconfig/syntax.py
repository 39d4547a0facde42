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
_AFTER_QUOTE = Explanation(
    "text goes on after its closing quote", "put all of it in one pair of quotes, of the other kind"
)
_BY_CHARACTER = {
    "\t": _TAB,
    "@": Explanation("text cannot begin with '@'", "put it in quotes"),
    "`": Explanation("text cannot begin with a backtick", "put it in quotes"),
    "%": Explanation("text cannot begin with '%'", "put it in quotes"),
}
_BY_PROBLEM: tuple[tuple[tuple[str, ...], Explanation], ...] = (
    (("tab character",), _TAB),
    (
        ("block sequence entries are not",),
        Explanation("a list cannot begin here", "begin it on a line of its own, or use [ and ]"),
    ),
    (
        ("indentation indicator",),
        Explanation("the number after '|' or '>' must be 1 to 9", "remove it"),
    ),
    (
        ("scanning a block scalar",),
        Explanation("text stands behind '|' or '>'", "begin the text on the next line"),
    ),
    (
        ("hexdecimal number", "Unicode character escape"),
        Explanation(
            "an escape with '\\x', '\\u' or '\\U' names no character",
            "write two, four or eight hexadecimal digits, or '\\\\' for a backslash",
        ),
    ),
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
_IN_BLOCK = ("expected key", "'-' indicator")
_BY_MISPLACED = (
    (_IN_BLOCK, "'\"", *_AFTER_QUOTE[:2]),
    (
        (*_IN_BLOCK, "document start"),
        "]}",
        "this '{}' closes nothing",
        "remove it, or put the text in quotes",
    ),
    (
        ("node content",),
        ",]}",
        "a value is missing before this '{}'",
        "add it, or put the text in quotes",
    ),
    (("node content",), ":", "a key is missing before this ':'", "add it"),
    (("node content",), "-", "a list with '- ' cannot stand within brackets", "use commas"),
    (("node content",), ".", "the file ends before it holds anything", "remove this line"),
    (
        ("expected key",),
        "&*!",
        "a '{}' cannot stand here",
        "keep one of the marks with '&', '*' and '!'",
    ),
)
"""What the parser says, the characters that it says it of, what is wrong then, and the remedy."""


def explain(problem: str, before: str, character: str) -> Explanation:
    """Return the plain form of a parser's words, given the characters around where it stopped."""
    if "cannot start any token" in problem and character in _BY_CHARACTER:
        return _BY_CHARACTER[character]
    if "node content" in problem and not character:
        return _UNFINISHED
    if "did not find expected" in problem and (special := _misplaced(problem, before, character)):
        return special
    for needles, explanation in _BY_PROBLEM:
        if any(needle in problem for needle in needles):
            return explanation
    return Explanation(f"this is not valid YAML ({problem})", "check quotes and indentation")


def _misplaced(problem: str, before: str, character: str) -> Explanation | None:
    """Return what a single character says that stands where something else should."""
    if before and before in "'\"" and character.strip() and character not in ",]}:#":
        return _AFTER_QUOTE
    for needles, characters, what, remedy in _BY_MISPLACED:
        if character and character in characters and any(needle in problem for needle in needles):
            return Explanation(what.format(character), remedy)
    return None
