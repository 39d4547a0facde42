"""How far a run is, at the foot of a terminal while what it prints goes by above."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from twinhub_api.cli.terminal import safe, width_of
from twinhub_api.runner.logs import numbers_in

if TYPE_CHECKING:
    from twinhub_api.cli.terminal import Terminal
    from twinhub_api.runner.logs import LogLine

_WIDTH = 30
_PROGRESS = "progress"
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
        self._numbers.update(numbers)
        return bool(numbers)

    def draw(self) -> None:
        """Show it below what was printed; nothing where there are no numbers."""
        if self._width is None or not self._numbers:
            return
        numbers = dict(self._numbers)
        words = [f"{name} {value:g}" for name, value in numbers.items() if name != _PROGRESS]
        if _PROGRESS in numbers:
            progress = min(1.0, max(0.0, numbers[_PROGRESS]))
            full = round(progress * _WIDTH)
            words.insert(0, f"[{'#' * full}{'.' * (_WIDTH - full)}] {progress:.0%}")
        text = safe("  ".join(words))
        while width_of(text) >= self._width:
            text = text[:-1]
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        self._is_drawn = True

    def clear(self) -> None:
        """Make room for what is printed next."""
        if self._is_drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._is_drawn = False
