"""The numbers that a run has printed, as series: read as what a hostile twin may have written."""

from __future__ import annotations

import math
import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twinhub_api.runner.logs import Series, SeriesList

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MOST_BYTES = 32 << 20
"""Of a file that are read in one go; an agent writes no more."""
MOST_NAMES = 200
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_RECORD = re.compile(rb"([0-9]{1,15})\t([A-Za-z0-9._-]{1,100})\t([-+.0-9a-z]{1,40})")

Point = tuple[int, float]


@dataclass
class _Points:
    """Points of one number; of many, the least and greatest of neighbours are kept."""

    most: int
    count: int = 0
    last: float = 0.0
    points: list[Point] = field(default_factory=list)

    def add(self, time: int, value: float) -> None:
        self.count += 1
        self.last = value
        self.points.append((time, value))
        if len(self.points) >= 4 * self.most:
            self.points = thin(self.points, 2 * self.most)


def read_series(file: Path, start: int, most: int) -> SeriesList:
    """Return what was added to a file after a place, with at most so many points of each number.

    A file that is not there has none, and so has a link, which leads to somebody else's.
    """
    found: dict[str, _Points] = {}
    content = _read(file, start)
    content = content[: content.rfind(b"\n") + 1]
    for line in content.split(b"\n"):
        if (match := _RECORD.fullmatch(line)) is None:
            continue
        value, name = _number(match[3]), match[2].decode()
        if value is not None and (name in found or len(found) < MOST_NAMES):
            found.setdefault(name, _Points(most)).add(int(match[1]), value)
    series = (
        Series(name=name, count=one.count, last=one.last, points=tuple(thin(one.points, most)))
        for name, one in sorted(found.items())
    )
    return SeriesList(series=tuple(series), end=start + len(content))


def thin(points: Sequence[Point], most: int) -> list[Point]:
    """Return at most so many points (two at least): the least and the greatest of equal parts."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(len(points) / max(1, most // 2))
    kept: list[Point] = []
    for begin in range(0, len(points), size):
        part = points[begin : begin + size]
        ends = {min(part, key=_value), max(part, key=_value)}
        kept += sorted(ends)
    return kept


def _value(point: Point) -> float:
    return point[1]


def _number(text: bytes) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _read(path: Path, start: int) -> bytes:
    try:
        descriptor = os.open(path, _READ)
    except OSError:
        return b""
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.pread(descriptor, MOST_BYTES, start) if is_file else b""
    finally:
        os.close(descriptor)
