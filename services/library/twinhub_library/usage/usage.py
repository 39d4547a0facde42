"""What areas take: measured in the background, answered at once, measured anew where it counts."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import NotThereError
from twinhub_kit.files.paths import RelativePath

from twinhub_library.areas import OWN_FOLDER, THE_COMMON_AREA, Area
from twinhub_library.snapshots.idle import do_idly
from twinhub_library.usage.measuring import AreaMeasured, measure

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from twinhub_kit.background import Background
    from twinhub_kit.quotas import QuotaSettings

    from twinhub_library.snapshots.shelf import Shelf
    from twinhub_library.tree import Tree

_BIN = RelativePath((OWN_FOLDER, "bin"))
"""What was deleted of each area, by the area's path; see `bin`."""
_SHARE = 10
"""Measuring takes one part in so many of the time at the most, however large an area is."""


class Usage:
    """What each area takes."""

    def __init__(self, tree: Tree, shelf: Shelf, clock: Callable[[], datetime]) -> None:
        """Nothing is measured yet."""
        self._tree, self._shelf, self._clock = tree, shelf, clock
        self._known: dict[Area, AreaMeasured] = {}
        self._began: dict[Area, float] = {}
        self._rests_until: dict[Area, float] = {}
        self._locks: defaultdict[Area, threading.Lock] = defaultdict(threading.Lock)

    def now(self) -> datetime:
        """Return the time of the clock by which areas are measured."""
        return self._clock()

    def list_areas(self) -> list[Area]:
        """Return the areas that there are: private ones, teams', the common one."""
        return [*self._shelf.list_areas(), THE_COMMON_AREA]

    def get(self, area: Area) -> AreaMeasured:
        """Return what an area took when it was measured last; if it never was, it is now."""
        known = self._known.get(area)
        return self.measure(area) if known is None else known

    def measure(self, area: Area) -> AreaMeasured:
        """Measure an area now; of several who ask at once, one measures for all."""
        asked = time.monotonic()
        with self._locks[area]:
            known = self._known.get(area)
            if known is not None and self._began.get(area, 0.0) >= asked:
                return known
            self._began[area] = began = time.monotonic()
            measured = self._measure(area)
            self._known[area] = measured
            self._rests_until[area] = time.monotonic() + _SHARE * (time.monotonic() - began)
            return measured

    def _measure(self, area: Area) -> AreaMeasured:
        now = self._clock()
        with contextlib.ExitStack() as opened:
            folder = self._open(opened, area.path)
            if folder is None:
                return AreaMeasured.of(area, (), now)
            kept = self._open(opened, RelativePath((*_BIN.names, *area.path.names)))
            return measure(area, folder, now, bin_folder=kept)

    def _open(self, opened: contextlib.ExitStack, path: RelativePath) -> int | None:
        try:
            folder = self._tree.open_folder_itself(path)
        except NotThereError:
            return None
        opened.callback(os.close, folder)
        return folder

    def forget(self, area: Area) -> None:
        """Forget what an area took: it is measured anew when somebody asks."""
        with self._locks[area]:
            self._known.pop(area, None)
            self._rests_until.pop(area, None)

    def measure_all(self, stopping: threading.Event) -> None:
        """Measure all areas, giving way to everybody else; a large one not each time."""
        do_idly("usage", partial(self._measure_all, stopping))

    def _measure_all(self, stopping: threading.Event) -> None:
        for area in self.list_areas():
            if stopping.is_set():
                return
            if time.monotonic() >= self._rests_until.get(area, 0.0):
                self.measure(area)


def open_usage(
    tree: Tree, shelf: Shelf, clock: Callable[[], datetime], background: Background,
    settings: QuotaSettings,
) -> Usage:  # fmt: skip
    """Return what measures areas, and have it done as often as is set."""
    usage = Usage(tree, shelf, clock)
    background.every(
        settings.measured_every_seconds, "usage", partial(usage.measure_all, background.stopping)
    )
    return usage
