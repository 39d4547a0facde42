"""Changing single values of a ``twinhub.yaml`` that somebody wrote, with its comments kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twinhub_dtconfig.documents import DocumentError, parse_document
from twinhub_dtconfig.explanations import inline

if TYPE_CHECKING:
    from twinhub_dtconfig.documents import Document

_VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|[^\s,}#]+")


def set_value(text: str, section: str, key: str, value: str) -> str:
    """Return the text of a file with ``section.key`` set to a value.

    Raises:
        ValueError: the file has a form in which this cannot be done.
    """
    lines = text.splitlines(keepends=True)
    document = _parse(text)
    if _value(document, section, key) is not None:
        position = document.position_of((section, key))
        line = lines[position.line - 1]
        before, after = line[: position.column - 1], line[position.column - 1 :]
        lines[position.line - 1] = before + _VALUE.sub(inline(value).replace("\\", r"\\"), after, 1)
    elif isinstance(document.data, dict) and section in document.data:
        position = document.position_of((section,))
        line = f"{' ' * (position.column - 1)}{key}: {inline(value)}\n"
        lines.insert(position.line - 1, line)
    else:
        lines = [text.rstrip("\n"), f"\n{section}:\n  {key}: {inline(value)}\n"]
    changed = "".join(lines)
    if _value(_parse(changed), section, key) != value:
        raise ValueError(f"{section}.{key} cannot be changed in a file of this form")
    return changed


def _parse(text: str) -> Document:
    try:
        return parse_document(text.encode(), "twinhub.yaml")
    except DocumentError as error:
        raise ValueError(str(error)) from error


def _value(document: Document, section: str, key: str) -> object:
    data = document.data.get(section) if isinstance(document.data, dict) else None
    return data.get(key) if isinstance(data, dict) else None
