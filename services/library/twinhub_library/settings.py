"""What a library is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - pydantic reads it, see `service`


@dataclass(frozen=True)
class LibrarySettings:
    """Where a library keeps what it has, and what a site has decided.

    In an installation they come as JSON with these names, see `twinhub_library.service`.
    """

    root: Path
    """The assets root: areas of users, ``teams``, ``common``, and ``.library``."""
    state: Path
    """Folder of its database and its search index."""
    database_url: str = ""
    """Address of the database, as SQLAlchemy writes it; empty for SQLite in ``state``."""

    public_url: str = ""
    """TwinHub's address as people type it, without a slash at its end; empty when stand-alone."""
    hub_api_url: str = ""
    """The hub's API as this process reaches it; empty when stand-alone."""
    crypt_keys: tuple[str, ...] = field(default=(), repr=False)
    """Keys of what is stored encrypted, 32 bytes each as hexadecimal text: the first encrypts."""

    @property
    def database(self) -> str:
        """Address of the database."""
        return self.database_url or f"sqlite:///{self.state}/library.sqlite"
