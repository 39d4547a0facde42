"""What an environment is, and the interface of whoever makes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

PLACE = "/opt/twin"
"""Where a sandbox has the Python packages of its twin."""


class NotMadeError(Exception):
    """An environment cannot be made; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an environment has, beside what all runs have."""

    python: tuple[str, ...] = ()
    """Requirements as pip takes them, some with hashes."""
    system: tuple[str, ...] = ()
    """Debian packages."""


class Maker(Protocol):
    """Makes environments, which are found again by their addresses."""

    def base(self) -> str:
        """Return what they stand on, by its content.

        Raises:
            BackendError: nobody can say right now.
        """

    def has(self, address: str) -> bool:
        """Return whether there is one.

        Raises:
            BackendError: nobody can say right now.
        """

    def make(
        self, address: str, wanted: Wanted, say: Callable[[str], None], stopping: Event
    ) -> None:
        """Make one that is not there, and give each line of what that prints to ``say``.

        It is whole or not there. An event ends it soon.

        Raises:
            NotMadeError: it cannot be made.
            BackendError: it cannot be made now.
        """

    def list_made(self) -> frozenset[str]:
        """Return the addresses of those that there are.

        Raises:
            BackendError: nobody can say right now.
        """

    def remove(self, address: str) -> None:
        """Remove one, unless something runs in it.

        Raises:
            BackendError: it cannot be removed now.
        """
