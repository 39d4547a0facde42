"""Telling the operator what is being done, and how long it has taken."""

from __future__ import annotations

import sys
from time import monotonic


class Steps:
    """Prints one line for each step with the seconds since the start; quiet when told so."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Start the clock."""
        self._start = monotonic()
        self._quiet = quiet

    def say(self, text: str) -> None:
        """Print a step."""
        if not self._quiet:
            sys.stdout.write(f"[{monotonic() - self._start:6.1f} s] {text}\n")
            sys.stdout.flush()
