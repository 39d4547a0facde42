"""Values that configurations share: sizes, durations, paths; and a refusal with its place."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

_SIZE = re.compile(
    r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,6})?)\s*(?P<unit>[KMGTkmgt]?)(?:[iI]?[bB])?"
)
_FACTOR = {"T": 2**40, "G": 2**30, "M": 2**20, "K": 2**10, "": 1}
_SIZE_PATTERN = r"^\s*[0-9]{1,15}(\.[0-9]{1,6})?\s*[KMGTkmgt]?([iI]?[bB])?\s*$"
_DURATION = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(?P<unit>ms|s|m|h|d)")
_DURATION_PATTERN = r"^\s*(?=[0.]*[1-9])[0-9]{1,9}(\.[0-9]{1,6})?\s*(ms|s|m|h|d)\s*$"
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION_WORDS = {
    **dict.fromkeys(("sec", "second"), "s"),
    **dict.fromkeys(("min", "minute"), "m"),
    **dict.fromkeys(("hr", "hour"), "h"),
    "day": "d",
}
_LONGEST_PATH = 1024
_SHOWN_LENGTH = 40


class RefusalError(ValueError):
    """A value that a validator refuses; ``path`` leads from what it checks to the value."""

    def __init__(
        self, what: str, remedy: str, *path: str | int, nearest: str | None = None
    ) -> None:
        """Hold what is wrong, what to do, where, and what may have been meant."""
        super().__init__(f"{what}; {remedy}")
        self.nearest = nearest
        self.what = what
        self.remedy = remedy
        self.path = path


def parse_size(value: object) -> object:
    """Return a size such as ``512M`` or ``4G`` in bytes; powers of 1024.

    Raises:
        RefusalError: the text is no size.
    """
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        what = f"{_shown(value)} is no size"
        raise RefusalError(what, "write bytes, or a number with K, M, G or T, as in 512M")
    return int(float(match["number"]) * _FACTOR[match["unit"].upper()])


def format_size(value: int) -> int | str:
    """Return bytes in the largest unit that divides them, as ``parse_size`` reads it."""
    if value == 0:
        return 0
    unit = next(unit for unit, factor in _FACTOR.items() if value % factor == 0)
    return f"{value // _FACTOR[unit]}{unit}" if unit else value


def parse_duration(value: object) -> object:
    """Return a duration such as ``30s``, ``5m`` or ``2h`` in seconds; a number is seconds.

    Raises:
        RefusalError: the text is no duration.
    """
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        what = f"{_shown(value)} is no duration"
        remedy = "write a number with s, m, h or d, as in 90s"
        raise RefusalError(what, remedy, nearest=_meant_duration(value))
    return float(match["number"]) * _SECONDS[match["unit"]]


def _meant_duration(text: str) -> str | None:
    """Return a duration with its unit written as a word, such as ``10 min``, as it should be."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([A-Za-z]{2,7})", text.strip())
    unit = _DURATION_WORDS.get(found[2].lower().removesuffix("s")) if found else None
    return f"{found[1]}{unit}" if found and unit else None


def format_duration(seconds: float) -> str | float:
    """Return seconds in the largest unit that divides them, as ``parse_duration`` reads it."""
    units = reversed(_SECONDS.items())
    found = (f"{seconds / factor:.0f}{unit}" for unit, factor in units if seconds % factor == 0)
    return next(found, seconds)


def check_inside(value: str) -> str:
    """Return a path that stays in the folder that it is relative to.

    Raises:
        RefusalError: it is absolute, leads out, or holds what no path of every system may hold.
    """
    if value.startswith(("/", "~")):
        raise RefusalError(f"{_shown(value)} is absolute", "write it relative to the twin's folder")
    if ".." in value.split("/"):
        raise RefusalError(f"{_shown(value)} leads out of the twin's folder", "remove '..'")
    if not value or len(value) > _LONGEST_PATH or _NO_PATH.search(value):
        raise RefusalError(
            f"{_shown(value)} is no path", "write folders and names with '/' between"
        )
    return value


def _shown(value: str) -> str:
    return repr(value if len(value) <= _SHOWN_LENGTH else f"{value[:_SHOWN_LENGTH]}…")


_NO_PATH = re.compile(r"[\x00-\x1f\x7f\\]")
PATH_PATTERN = r"^(?![/~])(?!(.*/)?\.\.(/|$))[^\x00-\x1f\x7f\\]+$"

Size = Annotated[
    int,
    BeforeValidator(parse_size),
    Field(ge=0),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": _SIZE_PATTERN},
            ]
        }
    ),
]
"""Bytes; text such as ``4G`` counts powers of 1024."""

Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    Field(gt=0, le=10 * 366 * 86400),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 10 * 366 * 86400},
                {"type": "string", "pattern": _DURATION_PATTERN},
            ]
        }
    ),
]
"""Seconds; text such as ``5m`` is read as minutes."""

RelativePath = Annotated[
    str,
    AfterValidator(check_inside),
    WithJsonSchema({"type": "string", "pattern": PATH_PATTERN, "maxLength": _LONGEST_PATH}),
]
"""A path or pattern of paths below the twin's folder."""
