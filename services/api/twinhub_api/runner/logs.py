"""Lines of a run's log, and the numbers that a twin prints among them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from twinhub_api.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OUT, ERR, OWN = "o", "e", "t"
"""Streams: standard output, standard error, and what TwinHub itself says."""
_STREAMS = frozenset({OUT, ERR, OWN})
_MOST_DIGITS = 14
"""Of a time: later ones are no dates any more."""
_quoted = json.encoder.encode_basestring
MARK = "@twin "
"""What a line of numbers begins with: ``@twin progress=0.4 level=1.25``."""


class LogLine(NamedTuple):
    """One line that a process of a run has printed, or a part of a long one.

    No model: there are millions of them, and a tuple is made ten times as fast.
    """

    time: int
    """Milliseconds since 1970."""
    process: str
    """The process; ``twin`` where TwinHub itself says something."""
    stream: str
    """`OUT`, `ERR` or `OWN`."""
    text: str
    goes_on: bool = False
    """Whether the next line of this stream belongs to it."""

    def as_json(self) -> str:
        """Return it as a JSON object without line ends."""
        return (
            f'{{"time":{self.time},"process":{_quoted(self.process)},"stream":"{self.stream}",'
            f'"text":{_quoted(self.text)},"goes_on":{"true" if self.goes_on else "false"}}}'
        )


class Series(Wire):
    """The values of one number that a run has printed, in the order of time."""

    name: str
    count: int = Field(description="How many values there are, with those that are left out.")
    last: float = Field(description="The newest value.")
    points: tuple[tuple[int, float], ...] = Field(
        description="Milliseconds since 1970 and the value; of many, the least and the greatest of"
        " equal parts."
    )


class SeriesList(Wire):
    """The numbers of a run by name."""

    series: tuple[Series, ...]
    end: int = Field(description="What `start` is to be for what comes after these.")


@dataclass(frozen=True, slots=True)
class Heard:
    """What a follower of a log is told at a time."""

    attempt: int
    end: int
    """The place in the log of this try after the lines."""
    lines: tuple[LogLine, ...]


class NoLineError(ValueError):
    """Something else than a line of a log."""


def parse_record(record: str) -> LogLine | None:
    """Return the line of a record `<milliseconds>⇥<process>⇥<stream>⇥<text>`; None of others."""
    parts = record.split("\t", 3)
    if len(parts) != 4 or not parts[0].isdecimal() or len(parts[0]) > _MOST_DIGITS:  # noqa: PLR2004
        return None
    time, process, letter, text = parts
    stream = letter.lower()
    if stream not in _STREAMS:
        return None
    return LogLine(int(time), process, stream, text, goes_on=letter != stream)


def parse_lines(texts: Sequence[str]) -> tuple[LogLine, ...]:
    """Return lines that are JSON objects, as `LogLine.as_json` writes them.

    Raises:
        NoLineError: one is no such thing.
    """
    try:
        return tuple(LogLine(**one) for one in json.loads(f"[{','.join(texts)}]"))
    except (TypeError, ValueError) as error:
        raise NoLineError(str(error)) from error


def numbers_in(text: str) -> Iterator[tuple[str, float]]:
    """Yield name and value of each number of a line that begins with ``@twin``; of others none."""
    if not text.startswith(MARK):
        return
    for word in text.split()[1:]:
        name, _, value = word.partition("=")
        try:
            number = float(value)
        except ValueError:
            continue
        if name and math.isfinite(number):
            yield name, number
