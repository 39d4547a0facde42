"""How often a password may be tried: wrong ones are counted, right ones never."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

MOST_KEYS = 10_000
"""How many names are remembered at once; the ones longest without an attempt are forgotten."""


class WrongAttempts:
    """Wrong attempts of the last seconds, by whom they concern."""

    def __init__(self, *, most: int, seconds: float, clock: Callable[[], float]) -> None:
        """Allow ``most`` wrong attempts within ``seconds`` of a monotonic clock."""
        self._most, self._seconds, self._clock = most, seconds, clock
        self._times: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        """Return whom it remembers: how many keys."""
        return len(self._times)

    def wait_seconds(self, key: Hashable) -> int:
        """Return how many whole seconds to wait before the next attempt; 0 when it may be now."""
        times = self._times.get(key)
        if times is None or len(times) < self._most:
            return 0
        return max(0, math.ceil(times[0] + self._seconds - self._clock()))

    def add(self, key: Hashable) -> float:
        """Count an attempt as wrong; return what takes it back."""
        times, now = self._times.setdefault(key, deque(maxlen=self._most)), self._clock()
        times.append(now)
        self._times.move_to_end(key)
        if len(self._times) > MOST_KEYS:
            self._times.popitem(last=False)
        return now

    def take_back(self, key: Hashable, added: float) -> None:
        """Forget an attempt that was right after all; may be forgotten already."""
        times = self._times.get(key, deque())
        if added in times:
            times.remove(added)
        if not times:
            self._times.pop(key, None)
