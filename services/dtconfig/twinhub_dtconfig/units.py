"""Whether units measure the same, and values in other units: ``kg/s``, ``N.m``, ``degC``, ``%``.

The only module that imports pint, and only for a unit that ``known_units`` does not have, since
that takes half a second. What pint is given is a product of names with small powers, never an
expression.
"""

from __future__ import annotations

import os
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.known_units import NO_UNIT, Measure, multiply
from twinhub_dtconfig.unit_texts import REMEDY, BadUnitError, read_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pint

__all__ = [
    "BadUnitError", "are_compatible", "check_unit", "convert", "convert_to_base", "has_exponents",
    "is_unit",
]  # fmt: skip


def is_unit(text: str) -> bool:
    """Tell whether text is a known unit."""
    try:
        check_unit(text)
    except BadUnitError:
        return False
    return True


def check_unit(text: str) -> None:
    """Do nothing for a known unit.

    Raises:
        BadUnitError: it is none.
    """
    if _measure(text) is None:
        _unit(text)


def are_compatible(first: str, second: str) -> bool:
    """Tell whether values in one unit can be given in another.

    Raises:
        BadUnitError: one of them is no known unit.
    """
    one, other = _measure(first), _measure(second)
    if one is not None and other is not None:
        return one.powers == other.powers
    return bool(_unit(first).dimensionality == _unit(second).dimensionality)


def convert(value: float, source: str, target: str) -> float:
    """Return a value in another unit; 20 degC are 293.15 K.

    Raises:
        BadUnitError: one of them is no known unit, or they do not measure the same.
    """
    if not are_compatible(source, target):
        raise BadUnitError(f"{source!r} and {target!r} do not measure the same")
    one, other = _measure(source), _measure(target)
    if source == target or one == other:
        return value
    if one is not None and other is not None:
        if one.offset == other.offset:
            return value * (one.factor / other.factor)
        return (value * one.factor + one.offset - other.offset) / other.factor
    return float(_registry().Quantity(value, _unit(source)).to(_unit(target)).magnitude)


def has_exponents(text: str, exponents: Mapping[str, int]) -> bool:
    """Tell whether a unit measures what powers of SI units measure (``{"m": 1, "s": -1}``).

    Angles are plain numbers here, so ``rad`` does not count.

    Raises:
        BadUnitError: the text is no known unit.
    """
    return are_compatible(text, _of_exponents(exponents))


def convert_to_base(value: float, source: str, exponents: Mapping[str, int]) -> float:
    """Return a value in powers of SI units.

    Raises:
        BadUnitError: the text is no known unit, or does not measure the same.
    """
    return convert(value, source, _of_exponents(exponents))


def _of_exponents(exponents: Mapping[str, int]) -> str:
    return " ".join(f"{name}^{power}" for name, power in exponents.items() if power)


@lru_cache(maxsize=1024)
def _measure(text: str) -> Measure | None:
    """Return a unit by what is known without pint, or None."""
    factors = read_unit(text)
    return multiply(factors) if factors else NO_UNIT


@lru_cache(maxsize=1024)
def _unit(text: str) -> pint.Unit:
    registry = _registry()
    factors = [(_PINT_NAMES.get(name, name), power) for name, power in read_unit(text)]
    for name, _ in factors:
        _check_name(registry, name, text)
    product = " * ".join(f"{name} ** {power}" for name, power in factors)
    return registry.Unit(product or "dimensionless")


_PINT_NAMES = {"rev": "revolution"}


def _check_name(registry: pint.UnitRegistry[Any], name: str, text: str) -> None:
    import pint  # noqa: PLC0415 # see above

    try:
        registry.parse_units(name)
    except pint.UndefinedUnitError as error:
        nearest = nearest_key(name, _candidates())
        raise BadUnitError(
            f"{name!r} is no known unit", REMEDY, text.replace(name, nearest) if nearest else None
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
        # what pint keeps names files of the installation that wrote it
        folder = (
            base / "twinhub" / "units" / sha256(str(Path(__file__).parent).encode()).hexdigest()
        )
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):  # a home that is absent or read-only
        return None
    return folder if os.access(folder, os.W_OK) else None
