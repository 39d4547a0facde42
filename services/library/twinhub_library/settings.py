"""What a library is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class LibrarySettings:
    """Where a library keeps what it has."""

    root: Path
    """The assets root: areas of users, ``teams``, ``common``, and ``.library``."""
    state: Path
    """Folder of its database and its search index."""
    database_url: str = ""
    """Address of the database, as SQLAlchemy writes it; empty for SQLite in ``state``."""

    @property
    def database(self) -> str:
        """Address of the database."""
        return self.database_url or f"sqlite:///{self.state}/library.sqlite"
