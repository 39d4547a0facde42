"""The grammar of units: a product of names with small powers, as people and models write it.

``kg/s``, ``N.m``, ``J/(kg.K)``, ``m/s2``, ``W/m²`` and ``1/min`` are products; a number other than
1 is none, so that nothing here is ever computed.
"""

from __future__ import annotations

import re
from typing import NoReturn


class BadUnitError(ValueError):
    """Text that is no known unit; holds what is wrong, the remedy and the nearest known unit."""

    def __init__(self, what: str, remedy: str = "", nearest: str | None = None) -> None:
        """Hold what is wrong, what to do, and what was probably meant."""
        super().__init__(f"{what}; {remedy}" if remedy else what)
        self.what = what
        self.remedy = remedy
        self.nearest = nearest


_LONGEST = 64
_MOST_FACTORS = 16
_WORDS = {"%": "percent", "‰": "permille", "°C": "degC", "°F": "degF", "°": "degree"}
_NO_UNIT = {"-", "1", ""}
_LETTERS = "[A-Za-zµμΩΩÅ]+"
_TOKEN = re.compile(
    rf"\s*(?:(?P<name>{_LETTERS}(?:_{_LETTERS})*(?:\d+{_LETTERS})*|%|‰|°[CF]?)|(?P<one>1(?![\d.A-Za-z]))"
    r"|(?P<power>\*\*|\^)|(?P<number>[-+]?\d{1,2}(?!\d))|(?P<raised>[⁻]?[¹²³⁴⁵⁶⁷⁸⁹])"
    r"|(?P<product>[*·⋅.])|(?P<quotient>/)|(?P<open>\()|(?P<close>\)))"
)
_RAISED = str.maketrans("⁻¹²³⁴⁵⁶⁷⁸⁹", "-123456789")
REMEDY = "write it as in 'kg/s', 'N.m', 'degC' or 'percent'"


def read_unit(text: str) -> list[tuple[str, int]]:
    """Return the names in a unit with their powers; none for a plain number.

    Raises:
        BadUnitError: the text is no product of names.
    """
    if len(text) > _LONGEST:
        raise BadUnitError(f"{text[:20]!r}… is no unit", f"use at most {_LONGEST} characters")
    stripped = text.strip()
    factors = [] if stripped in _NO_UNIT else _Factors(stripped).read()
    return [(_WORDS.get(name, name), power) for name, power in factors]


class _Factors:
    """Reads a product of names with powers; a '/' turns the one factor after it around."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def read(self, depth: int = 0) -> list[tuple[str, int]]:
        factors: list[tuple[str, int]] = []
        sign, is_between = 1, False
        while (kind := self._peek()) not in {"end", "close"}:
            if kind in {"product", "quotient"} and is_between:
                self._take()
                sign = -1 if kind == "quotient" else 1
            factors += [(name, power * sign) for name, power in self._factor(depth)]
            sign, is_between = 1, True
        if len(factors) > _MOST_FACTORS or (kind == "close") != (depth > 0):
            self.refuse()
        return factors

    def _factor(self, depth: int) -> list[tuple[str, int]]:
        kind, word = self._take()
        match kind:
            case "name":
                factors = [(word, 1)]
            case "one":
                factors = []
            case "open" if depth < _MOST_FACTORS:
                factors = self.read(depth + 1)
                self._take()
            case _:
                self.refuse()
        power = self._power()
        return [(name, inner * power) for name, inner in factors]

    def _power(self) -> int:
        if self._peek() == "power":
            self._take()
            if self._peek() not in {"number", "one"}:
                self.refuse()
        if self._peek() not in {"number", "raised", "one"}:
            return 1
        return int(self._take()[1].translate(_RAISED))

    def _peek(self) -> str:
        place = self.place
        kind = self._take()[0]
        self.place = place
        return kind

    def _take(self) -> tuple[str, str]:
        if not self.text[self.place :].strip():
            return "end", ""
        found = _TOKEN.match(self.text, self.place)
        if found is None or found.lastgroup is None:
            self.refuse()
        self.place = found.end()
        return found.lastgroup, found[found.lastgroup]

    def refuse(self) -> NoReturn:
        raise BadUnitError(f"{self.text[:_LONGEST]!r} is no unit", REMEDY)
