"""What a library is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_GIB = 1 << 30


@dataclass(frozen=True)
class SnapshotSettings:
    """Previous versions of private and team areas."""

    every_minutes: int = 60
    """How often they are taken; 0 for never."""
    hours: int = 24
    """How many hours with a change keep their newest version; `days` and so on likewise."""
    days: int = 7
    weeks: int = 4
    months: int = 3
    largest_file_bytes: int = 10 * _GIB
    """Larger files have no versions; 0 for no limit."""
    free_bytes: int = 5 * _GIB
    """None are taken while the disk has less room than this."""
    seconds: float = 600
    """How long one area may take; what is left is copied by the next one."""


@dataclass(frozen=True)
class LibrarySettings:
    """Where a library keeps what it has."""

    root: Path
    """The assets root: areas of users, ``teams``, ``common``, and ``.library``."""
    state: Path
    """Folder of its database and its search index."""
    database_url: str = ""
    """Address of the database, as SQLAlchemy writes it; empty for SQLite in ``state``."""

    snapshots: SnapshotSettings = field(default_factory=SnapshotSettings)

    @property
    def database(self) -> str:
        """Address of the database."""
        return self.database_url or f"sqlite:///{self.state}/library.sqlite"
