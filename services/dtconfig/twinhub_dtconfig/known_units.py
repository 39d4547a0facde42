"""The units that nearly every model has, so that nothing large is imported to compare them.

Values and names are those of pint, with which a test compares each of them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

Powers = tuple[int, int, int, int, int, int, int]


class Measure(NamedTuple):
    """A unit in SI units: value in SI = factor * value + offset; powers of kg m s A K mol cd."""

    factor: float
    powers: Powers
    offset: float = 0.0


SI = ("kg", "m", "s", "A", "K", "mol", "cd")
NO_UNIT = Measure(1.0, (0, 0, 0, 0, 0, 0, 0))
_PREFIXES = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3, "c": 1e-2,
             "d": 1e-1, "h": 1e2, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}  # fmt: skip
_TIME, _VOLUME, _ENERGY = (0, 0, 1, 0, 0, 0, 0), (0, 3, 0, 0, 0, 0, 0), (1, 2, -2, 0, 0, 0, 0)
_WITH_PREFIX: dict[str, Measure] = {
    "g": Measure(1e-3, (1, 0, 0, 0, 0, 0, 0)),
    "m": Measure(1.0, (0, 1, 0, 0, 0, 0, 0)),
    "s": Measure(1.0, _TIME),
    "A": Measure(1.0, (0, 0, 0, 1, 0, 0, 0)),
    "K": Measure(1.0, (0, 0, 0, 0, 1, 0, 0)),
    "mol": Measure(1.0, (0, 0, 0, 0, 0, 1, 0)),
    "Hz": Measure(1.0, (0, 0, -1, 0, 0, 0, 0)),
    "N": Measure(1.0, (1, 1, -2, 0, 0, 0, 0)),
    "Pa": Measure(1.0, (1, -1, -2, 0, 0, 0, 0)),
    "bar": Measure(1e5, (1, -1, -2, 0, 0, 0, 0)),
    "J": Measure(1.0, _ENERGY),
    "Wh": Measure(3600.0, _ENERGY),
    "W": Measure(1.0, (1, 2, -3, 0, 0, 0, 0)),
    "C": Measure(1.0, (0, 0, 1, 1, 0, 0, 0)),
    "V": Measure(1.0, (1, 2, -3, -1, 0, 0, 0)),
    "F": Measure(1.0, (-1, -2, 4, 2, 0, 0, 0)),
    "ohm": Measure(1.0, (1, 2, -3, -2, 0, 0, 0)),
    "Ω": Measure(1.0, (1, 2, -3, -2, 0, 0, 0)),
    "S": Measure(1.0, (-1, -2, 3, 2, 0, 0, 0)),
    "H": Measure(1.0, (1, 2, -2, -2, 0, 0, 0)),
    "l": Measure(1e-3, _VOLUME),
    "L": Measure(1e-3, _VOLUME),
}
_ALONE: dict[str, Measure] = {
    "cd": Measure(1.0, (0, 0, 0, 0, 0, 0, 1)),
    "rad": NO_UNIT,
    "deg": Measure(math.pi / 180, NO_UNIT.powers),
    "degree": Measure(math.pi / 180, NO_UNIT.powers),
    "percent": Measure(0.01, NO_UNIT.powers),
    "ppm": Measure(1e-6, NO_UNIT.powers),
    "dimensionless": NO_UNIT,
    "degC": Measure(1.0, (0, 0, 0, 0, 1, 0, 0), 273.15),
    "degF": Measure(5 / 9, (0, 0, 0, 0, 1, 0, 0), 273.15 - 32 * 5 / 9),
    "min": Measure(60.0, _TIME),
    "h": Measure(3600.0, _TIME),
    "day": Measure(86400.0, _TIME),
    "rpm": Measure(2 * math.pi / 60, (0, 0, -1, 0, 0, 0, 0)),
    "t": Measure(1000.0, (1, 0, 0, 0, 0, 0, 0)),
}
_OTHERS = {"hbar"}  # not a hundred bars but a constant of nature


def find_known(name: str) -> Measure | None:
    """Return what is known about a name with or without a prefix, or None."""
    found = _ALONE.get(name) or _WITH_PREFIX.get(name)
    if found is not None:
        return found
    if name in _OTHERS:
        return None
    factor, base = _PREFIXES.get(name[:1]), _WITH_PREFIX.get(name[1:])
    return None if factor is None or base is None else base._replace(factor=factor * base.factor)


def known_names() -> list[str]:
    """Return every name that is known."""
    prefixed = [f"{prefix}{name}" for prefix in _PREFIXES for name in _WITH_PREFIX]
    return [*_ALONE, *_WITH_PREFIX, *(one for one in prefixed if one not in {*_ALONE, *_OTHERS})]


def multiply(factors: list[tuple[str, int]]) -> Measure | None:
    """Return the product of names with powers, or None where a name is not known here.

    Within a product, degrees are steps of temperature, not points of a scale.
    """
    if len(factors) == 1 and factors[0][1] == 1:
        return find_known(factors[0][0])
    factor, powers = 1.0, [0] * len(SI)
    for name, power in factors:
        known = find_known(name)
        if known is None:
            return None
        factor *= known.factor**power
        powers = [total + power * one for total, one in zip(powers, known.powers, strict=True)]
    kg, m, s, ampere, kelvin, mol, cd = powers
    return Measure(factor, (kg, m, s, ampere, kelvin, mol, cd))
