"""Which snapshots are kept: the newest of each of the last hours, days, weeks and months."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """How many hours, days, weeks and months with a snapshot keep their newest one."""

    hours: int = 24
    days: int = 7
    weeks: int = 4
    months: int = 3


def choose_kept(times: Iterable[datetime], kept: Kept) -> set[datetime]:
    """Return which of some snapshots stay; the newest always does.

    Hours without a snapshot, in which nothing changed, are not counted. Choosing again among
    those that stayed takes none away.
    """
    newest_first = sorted(times, reverse=True)
    chosen = set(newest_first[:1])
    for count, period in (
        (kept.hours, _hour), (kept.days, _day), (kept.weeks, _week), (kept.months, _month),
    ):  # fmt: skip
        chosen |= _newest_of_each(newest_first, count, period)
    return chosen


def _newest_of_each(
    newest_first: list[datetime], count: int, period: Callable[[datetime], tuple[int, ...]]
) -> set[datetime]:
    firsts: dict[tuple[int, ...], datetime] = {}
    for time in newest_first:
        firsts.setdefault(period(time), time)
    return set(list(firsts.values())[:count])


def _hour(time: datetime) -> tuple[int, ...]:
    return (*_day(time), time.hour)


def _day(time: datetime) -> tuple[int, ...]:
    return (time.year, time.month, time.day)


def _week(time: datetime) -> tuple[int, ...]:
    return tuple(time.isocalendar()[:2])


def _month(time: datetime) -> tuple[int, ...]:
    return (time.year, time.month)
