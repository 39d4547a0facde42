"""How a value is written into a file that exists: the forms it may take, the most fitting first."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

from twinhub_dtconfig.documents import DocumentError, parse_document
from twinhub_dtconfig.lines import HIDDEN, escape_hidden
from twinhub_dtconfig.scalars import ScalarError, resolve_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.nodes import Data

STEP = 2
"""By how much a block is indented below its key."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
# What readers of YAML 1.1 take for something else: quoted, so that every reader sees text.
_AMBIGUOUS = re.compile(
    r"(?i:y|n|yes|no|on|off)|=|[-+]?0b[01_]+|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])*(?:\.[0-9_]*)?"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*"
)
_LITERAL = re.compile(r"[^\s\ufeff][^\r]*")


def scalar_forms(value: Data, style: str, indent: int | None, newline: str) -> Iterator[str]:
    """Yield the forms of a value that replaces a scalar of a style.

    ``indent`` is that of the lines of a block scalar, or None where none can stand.
    """
    if isinstance(value, str):
        is_block = "\n" in value.removesuffix("\n") or (style in {"|", ">"} and "\n" in value)
        if is_block and indent is not None and (form := literal_text(value, indent, newline)):
            yield form
        if style == '"':
            yield double_quoted(value)
        elif style == "'" and (single := single_quoted(value)) is not None:
            yield single
    yield one_line(value)
    if isinstance(value, str):
        yield double_quoted(value)


def one_line(value: Data) -> str:
    """Return a value in one line that means the same in any place, such as ``{a: [1, 'no']}``."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key_text(k)}: {one_line(v)}' for k, v in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(one_line, value))}]"
    return _text(value) if isinstance(value, str) else _word(value)


def block(value: Data, indent: int, newline: str) -> str:
    """Return a value over several lines, each after the first indented by so many spaces."""
    margin = newline + " " * indent
    if isinstance(value, dict) and value:
        return margin.join(
            f"{key_text(key)}:{_below(inner, indent, newline)}" for key, inner in value.items()
        )
    if is_long(value):
        return margin.join(
            f"- {block(inner, indent + STEP, newline)}"
            for inner in value  # type: ignore[union-attr]  # only lists are long otherwise
        )
    return one_line(value)


def entry_text(key: str, value: Data, indent: int, newline: str) -> str:
    """Return a key and its value, over several lines if it is a mapping or a list of such."""
    return f"{key_text(key)}:{_below(value, indent, newline)}"


def is_long(value: Data) -> bool:
    """Return whether a value is better written over several lines."""
    if isinstance(value, list):
        return any(isinstance(inner, dict | list) and inner for inner in value)
    return isinstance(value, dict) and bool(value)


def key_text(key: str) -> str:
    """Return a key as it can stand before a colon anywhere."""
    if _PLAIN.fullmatch(key) or (_is_simple(key) and _reads(f"{{{key}: 0}}", {key: 0})):
        return key
    return single_quoted(key) or double_quoted(key)


def single_quoted(text: str) -> str | None:
    """Return text in single quotes, or None if they cannot hold it on one line."""
    return f"'{text.replace(chr(39), chr(39) * 2)}'" if _is_simple(text) else None


def double_quoted(text: str) -> str:
    """Return text in double quotes, on one line."""
    return escape_hidden(json.dumps(text, ensure_ascii=False))


def literal_text(text: str, indent: int, newline: str) -> str | None:
    """Return text as a literal block with its lines indented so, or None if it does not fit one."""
    if not _LITERAL.fullmatch(text) or HIDDEN.search(text):
        return None
    body = text.removesuffix("\n")
    if body.endswith("\n"):
        return None  # it would need the blank lines that follow
    lines = [f"{' ' * indent}{line}" if line else "" for line in body.split("\n")]
    return newline.join([f"|{'' if text.endswith(chr(10)) else '-'}", *lines])


def _below(value: Data, indent: int, newline: str) -> str:
    if is_long(value):
        deeper = indent + STEP
        return f"{newline}{' ' * deeper}{block(value, deeper, newline)}"
    literal = None
    if isinstance(value, str) and "\n" in value.rstrip("\n"):
        literal = literal_text(value, indent + STEP, newline)
    return f" {literal or one_line(value)}"


def _text(text: str) -> str:
    if _is_plain(text):
        return text
    single = None if "'" in text else single_quoted(text)
    return single or double_quoted(text)


def _is_plain(text: str) -> bool:
    try:
        if _AMBIGUOUS.fullmatch(text) or resolve_plain(text) != text:
            return False
    except ScalarError:
        return False
    if _PLAIN.fullmatch(text):
        return True
    return _is_simple(text) and _reads(f"{{k: {text}}}", {"k": text}) and _reads(text, text)


def _is_simple(text: str) -> bool:
    return not HIDDEN.search(text) and not any(mark in text for mark in "\r\n\t")


def _reads(text: str, data: Data) -> bool:
    try:
        return parse_document(text.encode(), "").data == data
    except DocumentError:
        return False


def _word(value: float | None) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    return repr(value)
