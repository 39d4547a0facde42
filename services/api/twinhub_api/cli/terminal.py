"""How things look: colours and widths on a terminal, plain text for a file or a pipe."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence

Colour = Literal["bold", "red", "yellow", "green", "cyan", "dim"]

_CODES: dict[Colour, str] = {
    "bold": "1", "red": "31", "yellow": "33", "green": "32", "cyan": "36", "dim": "2",
}  # fmt: skip
_NARROWEST = 40


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where text goes; ``width`` is None where lines are not to be cut or wrapped."""

    is_coloured: bool = False
    width: int | None = None

    def paint(self, text: str, *colours: Colour) -> str:
        """Return the text in colours, if there are any."""
        if not self.is_coloured or not text:
            return text
        return f"\x1b[{';'.join(_CODES[colour] for colour in colours)}m{text}\x1b[0m"

    def table(self, rows: Sequence[tuple[str, str]], *, indent: int = 0) -> str:
        """Return two columns; the second is wrapped to the width of the terminal."""
        widest = max((len(left) for left, _ in rows), default=0)
        start = " " * indent
        lines = []
        for left, right in rows:
            room = max(_NARROWEST, (self.width or 0) - indent - widest - 2)
            parts = textwrap.wrap(right, room) if self.width else right.splitlines()
            first, *rest = parts or [""]
            lines.append(f"{start}{self.paint(left.ljust(widest), 'bold')}  {first}".rstrip())
            lines += [f"{start}{'':{widest}}  {part}" for part in rest]
        return "\n".join(lines)


def terminal_of(stream: TextIO | None = None) -> Terminal:
    """Return how a stream, else standard output, is written to."""
    stream = sys.stdout if stream is None else stream
    if not stream.isatty():
        return Terminal()
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return Terminal(is_coloured=not plain, width=shutil.get_terminal_size().columns)


def safe(text: str) -> str:
    """Return text without what could steer a terminal, such as in the name of a file."""
    return "".join(one if one == "\t" or _is_shown(one) else f"\\x{ord(one):02x}" for one in text)


def width_of(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _is_shown(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
