"""What has changed in the library, told to whoever listens: events for pages, the search index.

Whoever writes announces the path; the watcher of the file system announces what others wrote.
Changes are numbered from 1 for each start of the library. A slow listener loses changes rather
than memory: it then gets one `Change` without a path, which says that all must be read again.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from twinhub_library.areas import OWN_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_kit.files.paths import RelativePath

MOST_WAITING = 1000
"""So many different paths wait for one listener at most."""
MOST_REMEMBERED = 1000
"""So many changes are told again to a listener that comes back."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something at a path, or below it, is another; without a path anything may be."""

    number: int
    path: RelativePath | None


class Subscription:
    """The changes for one listener of an event loop, in order; each path waits once at most."""

    def __init__(self, leave: Callable[[Subscription], None], most: int, by: str) -> None:
        """Begin to listen; for `Changes` alone."""
        self.by = by
        self._loop = asyncio.get_running_loop()
        self._leave, self._most = leave, most
        self._waiting: OrderedDict[RelativePath | None, int] = OrderedDict()
        self._lock = threading.Lock()
        self._some = asyncio.Event()
        self._ended = False

    def put(self, change: Change) -> None:
        """Have a change wait; from any thread."""
        with self._lock:
            is_first = not self._waiting
            if change.path is None or len(self._waiting) >= self._most:
                self._waiting.clear()
                self._waiting[None] = change.number
            elif None in self._waiting:
                self._waiting[None] = change.number
            else:
                self._waiting.pop(change.path, None)
                self._waiting[change.path] = change.number
        if is_first:  # with others waiting it is awake, or about to be
            self._wake()

    def end(self) -> None:
        """Have the listener stop; from any thread."""
        self._ended = True
        self._wake()

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> Change:
        """Return the next change; cancelling the wait loses none."""
        while True:
            with self._lock:
                self._some.clear()
                if self._ended:
                    raise StopAsyncIteration
                if self._waiting:
                    path, number = self._waiting.popitem(last=False)
                    return Change(number, path)
            await self._some.wait()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        self._leave(self)

    def _wake(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._some.set)


class Changes:
    """Tells every listener what has changed; every method may be called from any thread."""

    def __init__(self) -> None:
        """Begin without listeners."""
        self.epoch = secrets.token_hex(4)
        """Another one at each start: numbers of another epoch mean nothing."""
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._past: deque[Change] = deque(maxlen=MOST_REMEMBERED)
        self._subscriptions: set[Subscription] = set()
        self._calls: list[Callable[[RelativePath | None], None]] = []
        self._closed = False

    @property
    def last_number(self) -> int:
        """Number of the newest change; 0 before the first."""
        with self._lock:
            return self._past[-1].number if self._past else 0

    def announce(self, path: RelativePath) -> None:
        """Say that something at a path, or below it, has changed; the root stands for everything.

        Cheap, and repeatable. What is in the library's own folder is nobody's news.
        """
        if path.names and path.names[0] == OWN_FOLDER:
            return
        with self._lock:
            change = Change(next(self._numbers), path if path.names else None)
            self._past.append(change)
            for subscription in self._subscriptions:
                subscription.put(change)
            calls = tuple(self._calls)
        for call in calls:
            call(change.path)

    def count_of(self, by: str) -> int:
        """Return how many listen for somebody."""
        with self._lock:
            return sum(one.by == by for one in self._subscriptions)

    def subscribe(
        self, *, after: int | None = None, most: int = MOST_WAITING, by: str = ""
    ) -> Subscription:
        """Return the changes from now on, or after a number; to be called in an event loop.

        ``by`` is whom one listens for.

        Where changes after that number are not remembered any more, the first change has no path.
        """
        subscription = Subscription(self._remove, most, by)
        with self._lock:
            for change in self._list_past(after):
                subscription.put(change)
            self._subscriptions.add(subscription)
            if self._closed:
                subscription.end()
        return subscription

    def call_on_change(self, call: Callable[[RelativePath | None], None]) -> None:
        """Have a quick function called with each path, in the thread of who announces."""
        with self._lock:
            self._calls.append(call)

    def close(self) -> None:
        """End all subscriptions."""
        with self._lock:
            self._closed = True
            for subscription in self._subscriptions:
                subscription.end()

    def _list_past(self, after: int | None) -> list[Change]:
        if after is None:
            return []
        last = self._past[-1].number if self._past else 0
        first = self._past[0].number if self._past else 1
        if not first - 1 <= after <= last:
            return [Change(last, None)]
        return [change for change in self._past if change.number > after]

    def _remove(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions.discard(subscription)
