"""A back end whose sandboxes are a few numbers: they outlive the runner, and know what has run."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from twinhub_runner.backends.base import BackendError, ImpossibleError, SandboxState, Seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_runner.backends.base import SandboxSpec


class Kind(StrEnum):
    """What a sandbox does."""

    WORKS = "works"
    FAILS = "fails"
    VANISHES = "vanishes"
    ENDLESS = "endless"
    STUBBORN = "stubborn"
    """Ends only when it is killed."""
    RELUCTANT = "reluctant"
    """Is made at the third try."""
    IMPOSSIBLE = "impossible"


_WEIGHTS = {
    Kind.WORKS: 6, Kind.FAILS: 4, Kind.VANISHES: 1, Kind.ENDLESS: 2, Kind.STUBBORN: 1,
    Kind.RELUCTANT: 1, Kind.IMPOSSIBLE: 1,
}  # fmt: skip
_STUBBORN = {Kind.STUBBORN}
_GOES_ON = {Kind.ENDLESS, Kind.STUBBORN}
_STATUS_OF_FAILURE = 3


@dataclass
class Sandbox:
    """One sandbox, from when it was first asked for."""

    kind: Kind
    ticks: int
    tries: int = 0
    was_begun: bool = False
    lives: bool = False
    exists: bool = False
    result: tuple[int, str] | None = None


class Model:
    """All sandboxes there ever were; `tick` lets time pass in them."""

    def __init__(self, seed: int) -> None:
        """Decide by a seed what each one does."""
        self.name = "model"
        self._random = random.Random(seed)  # noqa: S311 - the same each time
        self.sandboxes: dict[str, Sandbox] = {}
        self.faults: list[str] = []
        """What must never happen and has."""
        self.begun: Counter[str] = Counter()
        self.touch: Callable[[], None] = lambda: None
        """Called before and after whatever is asked: the place to fall over."""

    def tick(self) -> None:
        """Let all that runs go on for a while."""
        for one in self.sandboxes.values():
            if one.lives and one.kind not in _GOES_ON:
                one.ticks -= 1
                if one.ticks <= 0:
                    _end(one, _result_of(one.kind))

    def start(self, spec: SandboxSpec) -> None:
        """Make a sandbox that was not made before."""
        self.touch()
        one = self._get(spec.name)
        one.tries += 1
        if one.kind is Kind.IMPOSSIBLE:
            raise ImpossibleError("there is no such image")
        if one.kind is Kind.RELUCTANT and one.tries < 3:
            raise BackendError("there is no room for it now")
        if not one.was_begun:
            self._begin(spec.name, one)
        self.touch()

    def look(self, name: str) -> Seen:
        """Return what has become of one."""
        self.touch()
        one = self._get(name)
        if one.lives:
            return Seen(SandboxState.RUNNING)
        if one.result is not None:
            return Seen(SandboxState.ENDED, *one.result)
        return Seen(SandboxState.VANISHED if one.was_begun else SandboxState.ABSENT)

    def stop(self, name: str) -> None:
        """End one that listens."""
        self.touch()
        one = self._get(name)
        if one.lives and one.kind not in _STUBBORN:
            _end(one, (143, "stopped"))
        self.touch()

    def kill(self, name: str) -> None:
        """End one that does not."""
        self.touch()
        if (one := self._get(name)).lives:
            _end(one, None)
        self.touch()

    def remove(self, name: str) -> None:
        """Leave nothing of one."""
        self.touch()
        one = self._get(name)
        if one.lives:
            _end(one, None)
        one.exists = False
        self.touch()

    def list_names(self) -> frozenset[str]:
        """Return those that were not removed."""
        self.touch()
        return frozenset(name for name, one in self.sandboxes.items() if one.exists)

    def find_fault(self) -> str:
        """Know of none."""
        return ""

    def close(self) -> None:
        """Do nothing: it outlives the runner."""

    def _get(self, name: str) -> Sandbox:
        if name not in self.sandboxes:
            kind = self._random.choices([*_WEIGHTS], [*_WEIGHTS.values()])[0]
            self.sandboxes[name] = Sandbox(kind, self._random.randint(1, 4))
        return self.sandboxes[name]

    def _begin(self, name: str, one: Sandbox) -> None:
        run = name.partition("-")[0]
        others = [
            other
            for other, sandbox in self.sandboxes.items()
            if sandbox.lives and other.partition("-")[0] == run
        ]
        if others:
            self.faults.append(f"{name} was begun while {others} ran")
        one.was_begun = one.lives = one.exists = True
        self.begun[run] += 1


def _end(one: Sandbox, result: tuple[int, str] | None) -> None:
    one.lives, one.result = False, result


def _result_of(kind: Kind) -> tuple[int, str] | None:
    if kind is Kind.VANISHES:
        return None
    return (_STATUS_OF_FAILURE if kind is Kind.FAILS else 0), "ended"
