"""The interface of a back end: it makes sandboxes, says what has become of them, and ends them.

A sandbox is named by whoever asks for it, and each method may be called again after any crash: what
is there is not made twice, what is gone is not an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


INSIDE, OUTSIDE = "/run/twinhub/in", "/run/twinhub/out"
"""Where a sandbox sees its two folders."""


class SandboxState(StrEnum):
    """What has become of a sandbox."""

    ABSENT = "absent"
    """There is none, and nothing shows that there was."""
    RUNNING = "running"
    ENDED = "ended"
    VANISHED = "vanished"
    """It was there and is gone, and nothing says how its phase ended."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A sandbox as it is right now."""

    state: SandboxState
    status: int | None = None
    """That of the phase, where it has ended."""
    reason: str = ""
    """Why it ended, in the words of the agent: ``ended``, ``stopped``, ``time-limit`` …

    Or ``not-begun``, of an agent that has not begun the phase.
    """
    was_out_of_memory: bool = False
    """Whether something in it was ended because it needed more memory than the sandbox has."""
    memory_bytes: int | None = None
    """How much memory it had, where that is known."""
    image: str = field(default="", compare=False)
    """The image that it was made of, by its digest; empty where there are none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a sandbox may use; None for what the site does not limit."""

    memory_bytes: int | None = None
    cpus: float | None = None
    disk_bytes: int | None = None
    """What it may write, which the runner measures."""
    processes: int = 4096
    open_files: int = 65_536


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of the host that a sandbox sees."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """All that a back end is told of a sandbox."""

    name: str
    inside: Path
    """Folder of the host with the plan and the agent, which the sandbox reads."""
    outside: Path
    """Folder of the host that the agent writes to."""
    mounts: tuple[Mount, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    egress: str = ""
    """What it may reach outside: ``open``, ``listed``, ``none``; empty for what is usual."""
    image: str = ""
    """Of those that have images; empty for the site's."""
    environment: str = ""
    """Address of the software of its twin; empty where it has none of its own."""


class BackendError(Exception):
    """A back end cannot do what it is asked now; the text says why, and asking again may help."""


class ImpossibleError(BackendError):
    """A back end can never do it; the text says what would have to change."""


class Backend(Protocol):
    """Makes, watches and ends sandboxes."""

    @property
    def name(self) -> str:
        """Return what settings call it."""

    def start(self, spec: SandboxSpec) -> None:
        """Make a sandbox and have its phase begin, once for its name.

        Raises:
            BackendError: it cannot be made now.
            ImpossibleError: it can never be made.
        """

    def look(self, name: str) -> Seen:
        """Return what has become of a sandbox.

        Raises:
            BackendError: nobody can say right now.
        """

    def stop(self, name: str) -> None:
        """Have the phase end as it wishes; of what is not there, nothing.

        Raises:
            BackendError: it cannot be told now.
        """

    def kill(self, name: str) -> None:
        """End a sandbox and all in it at once.

        Raises:
            BackendError: it cannot be ended now.
        """

    def remove(self, name: str) -> None:
        """Leave nothing of a sandbox but its folders; what runs is killed first.

        Raises:
            BackendError: it cannot be removed now.
        """

    def list_names(self) -> frozenset[str]:
        """Return the sandboxes that there are, also those that nobody knows any more.

        Raises:
            BackendError: nobody can say right now.
        """

    def find_fault(self) -> str:
        """Return why no sandbox can be made now and what to do; empty where nothing is known of."""

    def close(self) -> None:
        """Let go of what this process has open; sandboxes go on."""
