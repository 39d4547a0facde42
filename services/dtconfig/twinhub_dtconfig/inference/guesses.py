"""What an inferred twin is made of: guesses with their reasons, and notes on what looks wrong."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

from twinhub_dtconfig.faults import Fault

if TYPE_CHECKING:
    from twinhub_dtconfig.nodes import Data, Key

Sureness = Literal["certain", "likely", "unsure"]

_LONGEST_NAME = 63
_MOST_NOTES = 100


@dataclass(frozen=True, slots=True)
class Guess:
    """One value of an inferred twin: where it stands in the twin, why, and how sure it is."""

    path: tuple[Key, ...]
    value: Data
    why: str
    sure: Sureness

    def __str__(self) -> str:
        """Return the guess as a comment says it."""
        doubt = {"certain": "", "likely": "", "unsure": "; please check"}[self.sure]
        return " ".join(f"guess: {self.why}{doubt}".split())


@dataclass(slots=True)
class Findings:
    """Collects guesses into plain data; of two guesses for one place, the first stays."""

    data: dict[str, Data] = field(default_factory=dict)
    guesses: list[Guess] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    _noted: set[tuple[str, str]] = field(default_factory=set)

    def put(self, path: tuple[str, ...], value: Data, why: str, sure: Sureness) -> bool:
        """Set a value unless there is one; return whether it was set."""
        inner = self.data
        for key in path[:-1]:
            inner = cast("dict[str, Data]", inner.setdefault(key, {}))
            if not isinstance(inner, dict):
                return False
        if path[-1] in inner:
            return False
        inner[path[-1]] = value
        self.guesses.append(Guess(path, value, why, sure))
        return True

    def lengthen(self, path: tuple[str, ...], key: str) -> None:
        """Turn a value that stands in its short form into a mapping with it under a key."""
        value = self.get(*path)
        parent = self.get(*path[:-1])
        if isinstance(parent, dict) and not isinstance(value, dict):
            parent[path[-1]] = {key: value}

    def get(self, *path: str) -> Data:
        """Return a value that was set, or None."""
        value: Data = self.data
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def note(self, file: str, line: int, what: str, remedy: str) -> None:
        """Keep what looks wrong in a file of the twin, once for each file."""
        fault = Fault(file, line, 1, what, remedy, severity="warning")
        if len(self.notes) < _MOST_NOTES and (file, what) not in self._noted:
            self._noted.add((file, what))
            self.notes.append(fault)


def slug(text: str, separator: str = "-") -> str:
    """Return a valid name that is as near to a text as can be; ``twin`` if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", separator, plain)[:_LONGEST_NAME].strip(separator)
    return name or "twin"


def alias(text: str) -> str:
    """Return a name for a key that ``${…}`` can hold: letters, digits and ``_``, no digit first."""
    name = slug(text, "_")
    return name if name[0].isalpha() else f"a_{name}"
