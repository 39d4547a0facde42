"""Files that list Python packages, as pip reads them: comments, and lines that are continued."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMENT = re.compile(r"(^|\s)#.*")


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each requirement with the number of its first line, continued lines put together."""
    parts: list[str] = []
    first = 1
    for number, line in enumerate(text.split("\n"), 1):
        first = first if parts else number
        plain = _COMMENT.sub("", line.rstrip("\r")).strip()
        parts.append(plain.removesuffix("\\").strip())
        if plain.endswith("\\"):
            continue
        if whole := " ".join(filter(None, parts)):
            yield first, whole
        parts = []
    if whole := " ".join(filter(None, parts)):
        yield first, whole
