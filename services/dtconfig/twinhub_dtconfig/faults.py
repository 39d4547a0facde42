"""Faults: what is wrong in a file, where, and what to do about it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Position(NamedTuple):
    """A place in a file as editors count it: the first line and the first column are 1."""

    line: int
    column: int


START = Position(1, 1)
"""Where faults of a file as a whole are reported, so that every message has one form."""


Severity = Literal["error", "warning"]
"""Whether a fault stops the file from being used."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and where; a warning leaves the file usable."""

    file: str
    line: int
    column: int
    what: str
    remedy: str = ""
    nearest: str | None = None
    severity: Severity = "error"

    def __str__(self) -> str:
        """Return ``file:line:column: what; did you mean 'x'?; remedy``, always on one line.

        A warning has ``warning:`` before ``what``. Characters that do not print are escaped.
        """
        hint = f"did you mean {self.nearest!r}?" if self.nearest else ""
        parts = "; ".join(part for part in (self.what, hint, self.remedy) if part)
        kind = "warning: " if self.severity == "warning" else ""
        line = " ".join(f"{self.file}:{self.line}:{self.column}: {kind}{parts}".splitlines())
        return line if line.isprintable() else "".join(map(_printable, line))


def nearest_key(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that a person most likely meant, or None if no candidate is close.

    Case, hyphens and underscores do not count, so ``startTimeout`` is close to ``start_timeout``.
    """
    meant = _fold(word[:_LONGEST_WORD])
    folded = {_fold(candidate): candidate for candidate in candidates}
    if meant in folded:
        return folded[meant]
    if len(folded) > _MOST_COMPARED:  # comparing takes time, and a slip leaves the length alike
        likely = nsmallest(_MOST_COMPARED, folded, key=lambda one: abs(len(one) - len(meant)))
        folded = {one: folded[one] for one in likely}
    close = difflib.get_close_matches(meant, folded, n=1, cutoff=0.7)
    return folded[close[0]] if close else None


_LONGEST_WORD = 64
_MOST_COMPARED = 200


def _printable(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]


def _fold(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "")
