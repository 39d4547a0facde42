"""The numbers that a run has printed, as series: read as what a hostile twin may have written."""

from __future__ import annotations

import math
import os
import re
import stat
from contextlib import nullcontext
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from twinhub_api.runner.logs import Series, SeriesList

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MOST_BYTES = 32 << 20
"""Of a file that are read in one go; an agent writes no more."""
MOST_NAMES = 200
MOST_POINTS = 100_000
"""Of one answer: of more numbers each has fewer, since writing it out holds up other answers."""
_CHUNK, _LONGEST = 1 << 16, 1 << 14
_LARGE = 1 << 20
_turn = Lock()
"""Had by whoever reads a large file: the points of a few of them take much memory."""
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
    try:
        is_large = file.lstat().st_size - start > _LARGE
    except OSError:
        is_large = False
    with _turn if is_large else nullcontext():
        return _read_series(file, start, most)


def _read_series(file: Path, start: int, most: int) -> SeriesList:
    found: dict[str, _Points] = {}
    end = start
    for line in _lines(file, start):
        end += len(line) + 1
        if (match := _RECORD.fullmatch(line)) is None:
            continue
        value, name = _number(match[3]), match[2].decode()
        if value is not None and (name in found or len(found) < MOST_NAMES):
            found.setdefault(name, _Points(most)).add(int(match[1]), value)
    most = max(2, min(most, MOST_POINTS // max(1, len(found))))
    series = (
        Series(name=name, count=one.count, last=one.last, points=tuple(thin(one.points, most)))
        for name, one in sorted(found.items())
    )
    return SeriesList(series=tuple(series), end=end)


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


def _lines(path: Path, start: int) -> Iterator[bytes]:
    """Yield the whole lines after a place, piece by piece: many ask at once."""
    rest = b""
    for chunk in _chunks(path, start):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > _LONGEST:
            return  # no agent writes that


def _chunks(path: Path, start: int) -> Iterator[bytes]:
    try:
        descriptor = os.open(path, _READ)
    except OSError:
        return
    try:
        place, last = start, start + MOST_BYTES
        while stat.S_ISREG(os.fstat(descriptor).st_mode) and place < last:
            chunk = os.pread(descriptor, min(_CHUNK, last - place), place)
            if not chunk:
                return
            place += len(chunk)
            yield chunk
    finally:
        os.close(descriptor)
