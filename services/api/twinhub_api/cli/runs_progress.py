"""How far a run is, at the foot of a terminal while what it prints goes by above."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from twinhub_api.cli.terminal import safe, width_of
from twinhub_api.runner.logs import numbers_in

if TYPE_CHECKING:
    from twinhub_api.cli.terminal import Terminal
    from twinhub_api.runner.logs import LogLine

_WIDTH, _ROOM_BESIDE = 30, 9
"""Columns of a bar, and of what else has to be seen where a terminal is small."""
_MOST = 64
"""Numbers that are kept, the first ones: a line has no room for more."""
PROGRESS = "progress"
"""The number from 0 to 1 that says how far a run is."""


class Foot:
    """The newest numbers of lines such as ``@twin progress=0.4 level=1.25``, in one line."""

    def __init__(self, terminal: Terminal) -> None:
        """Show it on a terminal; where there is none such lines are lines."""
        self._width = terminal.width
        self._numbers: dict[str, float] = {}
        self._is_drawn = False

    def take(self, line: LogLine) -> bool:
        """Return whether a line only tells numbers, which are shown from now on."""
        if self._width is None or line.goes_on:
            return False
        numbers = dict(numbers_in(line.text))
        for name, value in numbers.items():
            if name in self._numbers or name == PROGRESS or len(self._numbers) < _MOST:
                self._numbers[name] = value
        return bool(numbers)

    def draw(self) -> None:
        """Show it below what was printed; nothing where there are no numbers."""
        if self._width is None or not self._numbers:
            return
        width = self._width
        words = [
            f"{name[:width]} {value:g}" for name, value in self._numbers.items() if name != PROGRESS
        ]
        if PROGRESS in self._numbers:
            words.insert(0, bar_of(self._numbers[PROGRESS], max(0, width - _ROOM_BESIDE)))
        text = _cut(safe("  ".join(words)), width - 1)
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        self._is_drawn = True

    def clear(self) -> None:
        """Make room for what is printed next."""
        if self._is_drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._is_drawn = False


def bar_of(progress: float, most: int = _WIDTH) -> str:
    """Return a number from 0 to 1 as a bar of at most so many columns, and in percent."""
    progress, width = min(1.0, max(0.0, progress)), min(_WIDTH, most)
    full = round(progress * width)
    return f"[{'#' * full}{'.' * (width - full)}] {progress:.0%}"


def _cut(text: str, width: int) -> str:
    """Return as much of a text as so many columns have room for."""
    for at, one in enumerate(text):
        width -= width_of(one)
        if width < 0:
            return text[:at]
    return text
