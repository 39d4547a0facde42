"""What open links need of imports: how an asset stands in an area, and bringing it there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from twinhub_kit.callers import Caller
    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.assets import Asset
    from twinhub_library.opening.faults import WithdrawnError
    from twinhub_library.opening.links import AssetLink, GitLink


class State(StrEnum):
    """How what a link names stands in the visitor's area."""

    ABSENT = "absent"
    """Nothing is there."""
    CURRENT = "current"
    """It was brought, and is as new as the link asks for."""
    BEHIND = "behind"
    """It was brought, and something newer can be."""
    OTHER = "other"
    """Something of the same name is there that no import has made."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How what a link names stands in the visitor's area, and where."""

    state: State
    place: RelativePath
    """Of the library: below the assets root."""
    version: str = ""
    """The one that is there."""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file."""

    path: str
    outcome: str
    """A word of `twinhub_library.merging.outcomes.Outcome`."""
    copy: str = ""
    """Path of the named copy that keeps the visitor's own."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What an import or an update did."""

    place: RelativePath
    version: str
    files: tuple[FileOutcome, ...]


class Importer(Protocol):
    """Brings published assets into private areas; loses nothing of what is there."""

    def look(self, caller: Caller, asset: Asset) -> Standing:
        """Return how an asset stands in the caller's own area."""

    def takes_long(self, asset: Asset) -> bool:
        """Return whether bringing an asset takes more than a few seconds."""

    def bring(self, caller: Caller, asset: Asset) -> Brought:
        """Import an asset into the caller's own area, or update it there.

        Where something of their own has the name it comes beside it, under a name that is free.

        Raises:
            LibraryError: there is no room, or it is withdrawn.
        """


class GitImporter(Protocol):
    """Clones and pulls repositories; loses nothing of what is there."""

    def look(self, caller: Caller, link: GitLink) -> Standing:
        """Return how a repository stands in the caller's own area."""

    def bring(self, caller: Caller, link: GitLink) -> Brought:
        """Clone it into the caller's own area, or pull.

        Raises:
            LibraryError: it does not answer, or there is no room.
        """


class Publications(Protocol):
    """What is known of published versions."""

    def is_publisher(self, caller: Caller, subject: str) -> bool:
        """Return whether a caller acts for whoever published a subject, ``common/models/tank``."""

    def find_withdrawn(self, link: AssetLink) -> WithdrawnError | None:
        """Return what to say of a link to something withdrawn; None if it never was there."""
