"""Units as people and models write them: ``kg/s``, ``N.m``, ``degC``, ``%``, ``m/s2``.

The only module that imports pint, and only when a unit is judged, since that takes a while. What is
given to pint is known to be a product of names with small powers, never an expression.
"""

from __future__ import annotations

import os
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from twinhub_dtconfig.faults import nearest_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pint


class BadUnitError(ValueError):
    """Text that is no known unit; holds what is wrong, the remedy and the nearest known unit."""

    def __init__(self, what: str, remedy: str = "", nearest: str | None = None) -> None:
        """Hold what is wrong, what to do, and what was probably meant."""
        super().__init__(f"{what}; {remedy}" if remedy else what)
        self.what = what
        self.remedy = remedy
        self.nearest = nearest


def is_unit(text: str) -> bool:
    """Tell whether text is a known unit."""
    try:
        _unit(text)
    except BadUnitError:
        return False
    return True


def check_unit(text: str) -> None:
    """Do nothing for a known unit.

    Raises:
        BadUnitError: it is none.
    """
    _unit(text)


def are_compatible(first: str, second: str) -> bool:
    """Tell whether values in one unit can be given in another.

    Raises:
        BadUnitError: one of them is no known unit.
    """
    return bool(_unit(first).dimensionality == _unit(second).dimensionality)


def convert(value: float, source: str, target: str) -> float:
    """Return a value in another unit; 20 degC are 293.15 K.

    Raises:
        BadUnitError: one of them is no known unit, or they do not measure the same.
    """
    if not are_compatible(source, target):
        raise BadUnitError(f"{source!r} and {target!r} do not measure the same")
    if source == target:
        return value
    return float(_registry().Quantity(value, _unit(source)).to(_unit(target)).magnitude)


def has_exponents(text: str, exponents: Mapping[str, int]) -> bool:
    """Tell whether a unit measures what powers of SI units measure (``{"m": 1, "s": -1}``).

    Angles are plain numbers here, so ``rad`` does not count.

    Raises:
        BadUnitError: the text is no known unit.
    """
    return bool(_unit(text).dimensionality == _of_exponents(exponents).dimensionality)


def convert_to_base(value: float, source: str, exponents: Mapping[str, int]) -> float:
    """Return a value in powers of SI units; ``has_exponents`` must hold.

    Raises:
        BadUnitError: the text is no known unit.
    """
    quantity = _registry().Quantity(value, _unit(source))
    return float(quantity.to(_of_exponents(exponents)).magnitude)


def _of_exponents(exponents: Mapping[str, int]) -> pint.Unit:
    powers = " * ".join(f"{name} ** {power}" for name, power in exponents.items() if name != "rad")
    return _registry().Unit(powers or "dimensionless")


_LONGEST = 64
_MOST_FACTORS = 16
_NAMES = {"%": "percent", "‰": "permille", "°C": "degC", "°F": "degF", "°": "degree",
          "rev": "revolution", "-": "dimensionless", "1": "dimensionless",
          "": "dimensionless"}  # fmt: skip
_LETTERS = "[A-Za-zµμΩΩÅ]+"
_TOKEN = re.compile(
    rf"\s*(?:(?P<name>{_LETTERS}(?:_{_LETTERS})*(?:\d+{_LETTERS})*|%|‰|°[CF]?)|(?P<one>1(?![\d.A-Za-z]))"
    r"|(?P<power>\*\*|\^)|(?P<number>[-+]?\d{1,2}(?!\d))|(?P<raised>[⁻]?[¹²³⁴⁵⁶⁷⁸⁹])"
    r"|(?P<product>[*·⋅.])|(?P<quotient>/)|(?P<open>\()|(?P<close>\)))"
)
_RAISED = str.maketrans("⁻¹²³⁴⁵⁶⁷⁸⁹", "-123456789")
_REMEDY = "write it as in 'kg/s', 'N.m', 'degC' or 'percent'"


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
        raise BadUnitError(f"{self.text[:_LONGEST]!r} is no unit", _REMEDY)


@lru_cache(maxsize=1024)
def _unit(text: str) -> pint.Unit:
    if len(text) > _LONGEST:
        raise BadUnitError(f"{text[:20]!r}… is no unit", f"use at most {_LONGEST} characters")
    registry = _registry()
    stripped = text.strip()
    if stripped in _NAMES:
        return registry.Unit(_NAMES[stripped])
    factors = [(_NAMES.get(name, name), power) for name, power in _Factors(stripped).read()]
    for name, _ in factors:
        _check_name(registry, name, text)
    product = " * ".join(f"{name} ** {power}" for name, power in factors)
    return registry.Unit(product or "dimensionless")


def _check_name(registry: pint.UnitRegistry[Any], name: str, text: str) -> None:
    import pint  # noqa: PLC0415 # see above

    try:
        registry.parse_units(name)
    except pint.UndefinedUnitError as error:
        nearest = nearest_key(name, _candidates())
        raise BadUnitError(
            f"{name!r} is no known unit", _REMEDY, text.replace(name, nearest) if nearest else None
        ) from error


_USUAL = (
    "percent", "degC", "degF", "K", "W", "kW", "MW", "GW", "Wh", "kWh", "MWh", "J", "kJ", "MJ",
    "N", "kN", "Pa", "hPa", "kPa", "MPa", "bar", "mbar", "m", "mm", "cm", "km", "g", "kg", "mg",
    "t", "s", "ms", "min", "h", "day", "V", "mV", "kV", "A", "mA", "kA", "Hz", "kHz", "MHz",
    "rpm", "rad", "deg", "l", "ml", "mol", "mmol", "ppm", "lux", "dB", "Ah", "ohm", "EUR",
    "USD", "kilowatt", "kilogram", "kilometer", "millimeter", "centimeter", "megawatt",
    "kilopascal", "celsius", "fahrenheit",
)  # fmt: skip
_TELLING = 4  # letters; shorter names of rare units are close to anything
_CURRENCIES = ("EUR", "USD", "GBP", "CHF", "DKK")


@cache
def _candidates() -> tuple[str, ...]:
    """Return unit names for "did you mean"; of those that differ in case, the usual one last."""
    names = [name for name in _registry() if name.isascii() and len(name) >= _TELLING]
    return (*names, *_USUAL)


@cache
def _registry() -> pint.UnitRegistry[Any]:
    import pint  # noqa: PLC0415 # see above

    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(cache_folder=_cache_folder())
    for currency in _CURRENCIES:  # rates change, so that none is worth a number of another
        registry.define(f"{currency} = [{currency}]")
    return registry


def _cache_folder() -> Path | None:
    """Return where pint may keep what it has parsed, which halves the time to the first unit."""
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = base / "twinhub" / "units"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):  # a home that is absent or read-only
        return None
    return folder if os.access(folder, os.W_OK) else None
