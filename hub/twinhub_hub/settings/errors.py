"""The one error of settings: everything that is wrong with a ``twinhub.yaml``, located."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Fault", "SettingsError"]


class SettingsError(Exception):
    """A ``twinhub.yaml`` that cannot be used, with all its faults in order of position."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Sort the faults, keeping the first of those at one place; the text has a line each."""
        places: dict[tuple[int, int], Fault] = {}
        for fault in faults:
            places.setdefault((fault.line, fault.column), fault)
        self.faults: tuple[Fault, ...] = tuple(places[place] for place in sorted(places))
        super().__init__("\n".join(map(str, self.faults)))
