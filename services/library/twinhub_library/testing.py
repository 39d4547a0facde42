"""For tests: a process that is killed at a chosen write.

``CrashPoints`` counts every call that changes a file system or commits a transaction, and raises
`Killed` in place of the chosen one and of all that follow: what is dead writes nothing more, not
even in its ``finally``. A sweep over all points shows that nothing is ever left half:

    for at in CrashPoints.sweep(act, before=make_fresh_state):
        recover()
        check()  # once for each point, after the crash
"""

from __future__ import annotations

import contextlib
import itertools
import os
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar
from unittest import mock

from sqlalchemy import Engine, event

from twinhub_library import renaming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_P = ParamSpec("_P")
_R = TypeVar("_R")
_CALLS = {
    name: getattr(os, name)
    for name in (
        "rename", "replace", "link", "symlink", "mkdir", "unlink", "remove", "rmdir", "chmod",
        "fchmod", "truncate", "ftruncate",
    )
} | {"fsync": lambda _: None}  # fmt: skip
"""What is counted; nothing waits for the disk, which tells a killed process nothing."""


class Killed(BaseException):
    """The process ends here; nothing catches it but the test."""


class CrashPoints:
    """While it is entered, writes are counted, and from the chosen one on they kill."""

    def __init__(self, at: int | None = None) -> None:
        """Kill in place of write number ``at``, counted from 1; None only counts."""
        self.count = 0
        self._at = at
        self._patches = [
            *(mock.patch.object(os, name, self._guarded(_CALLS[name])) for name in _CALLS),
            mock.patch.object(renaming, "_rename", self._guarded(renaming._rename)),  # noqa: SLF001
        ]

    @property
    def was_killed(self) -> bool:
        """Whether the chosen write was reached."""
        return self._at is not None and self.count >= self._at

    def __enter__(self) -> Self:
        """Begin to count."""
        for patch in self._patches:
            patch.start()
        event.listen(Engine, "commit", self._commit)
        return self

    def __exit__(self, *_: object) -> None:
        """Let writes be writes again."""
        event.remove(Engine, "commit", self._commit)
        for patch in self._patches:
            patch.stop()

    @classmethod
    def sweep(
        cls, act: Callable[[], object], *, before: Callable[[], object] = lambda: None
    ) -> Iterator[int]:
        """Call ``act`` with a crash at its first write, its second, … until it comes through.

        ``before`` is called before each, without a crash. The number of the crash is yielded
        after it; the last call, which no crash reached, yields its own number too.
        """
        for at in itertools.count(1):
            before()
            with cls(at) as points, contextlib.suppress(Killed):
                act()
            yield at
            if not points.was_killed:
                return

    def _guarded(self, call: Callable[_P, _R]) -> Callable[_P, _R]:
        def guarded(*arguments: _P.args, **named: _P.kwargs) -> _R:
            self._pass()
            return call(*arguments, **named)

        return guarded

    def _commit(self, _: object) -> None:
        self._pass()

    def _pass(self) -> None:
        self.count += 1
        if self.was_killed:
            raise Killed(f"at write {self.count}")
