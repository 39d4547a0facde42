"""The core schema of YAML 1.2: which plain words are numbers, booleans or null.

``yes``, ``no``, ``on``, ``off``, dates and ``12:30`` are text, unlike in YAML 1.1. A whole number
with a leading zero is refused: YAML 1.1 reads it as octal, YAML 1.2 as decimal.
"""

from __future__ import annotations

import math
import re

Scalar = str | int | float | bool | None

CORE = "tag:yaml.org,2002:"
"""What ``!!`` stands for in a tag."""

_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_WHOLE = re.compile(r"[-+]?[0-9]+")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 64
_SHOWN_LENGTH = 40


class ScalarError(ValueError):
    """Text that stands for no single value; holds what is wrong and the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        """Hold what is wrong and what to do."""
        super().__init__(what)
        self.what = what
        self.remedy = remedy


def resolve_plain(text: str) -> Scalar:
    """Return the value that an unquoted scalar stands for.

    Raises:
        ScalarError: a number that YAML versions read differently, or too large to be stored.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if not (_DECIMAL.fullmatch(text) or _PREFIXED.fullmatch(text)):
        return text
    if len(text) > _LONGEST_NUMBER:
        raise ScalarError(f"a number has {len(text)} characters", "put it in quotes if it is text")
    return _number(text)


def resolve_tagged(tag: str, text: str) -> Scalar:
    """Return the value of a scalar with an explicit tag of the core schema.

    Raises:
        ScalarError: the tag is none of the core schema's for scalars, or the text does not fit it.
    """
    kind = tag.removeprefix(CORE)
    if kind == "str":
        return text
    accepted = {"int": int, "float": int | float, "bool": bool, "null": type(None)}.get(kind)
    if accepted is None:
        raise ScalarError(f"the tag {shown_tag(tag)} is not supported", "remove it")
    value = resolve_plain(text)
    if not isinstance(value, accepted) or (kind != "bool" and isinstance(value, bool)):
        raise ScalarError(f"{shortened(text)!r} is no {shown_tag(tag)}", "remove the tag")
    return float(value) if kind == "float" and value is not None else value


def shown_tag(tag: str) -> str:
    """Return a tag as people write it, such as ``!!int``."""
    return shortened(f"!!{tag.removeprefix(CORE)}" if tag.startswith(CORE) else tag)


def shortened(text: str) -> str:
    """Return text for a message, which a file cannot make longer than a line."""
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"


def _number(text: str) -> int | float:
    if _LEADING_ZERO.fullmatch(text):
        octal = f"0o{text.lstrip('+-').lstrip('0') or '0'}"
        raise ScalarError(
            f"{text} begins with 0, so it may be read as octal or as decimal",
            f"write {int(text)} for a decimal number, {octal} for an octal one, {text!r} for text",
        )
    if _WHOLE.fullmatch(text):
        return int(text)
    if _PREFIXED.fullmatch(text):
        return int(text, base=0)
    value = float(text)
    if math.isinf(value):
        raise ScalarError(f"{text} is too large for a number", "write a smaller one")
    return value
