"""What a library is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - pydantic reads it, see `service`

from twinhub_kit.quotas import QuotaSettings

from twinhub_library.room import Limits

_GIB = 1 << 30

PUBLIC_PREFIX = "/services/library"
"""Where people and workspaces find it; the edge takes the prefix off."""


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
class GitSettings:
    """How assets are synced with git repositories."""

    hosts: tuple[str, ...] = ()
    """The only hosts that are spoken to; empty for all but this machine."""
    login_url: str = ""
    """The GitLab whose repositories people's own logins open; empty for none."""
    allow_loopback: bool = False
    """Whether this machine is spoken to, over plain HTTP too: for tests and trials."""
    most_bytes: int = 10 << 30
    """Of any file that git writes, so of what one pull brings."""
    most_seconds: int = 3600
    """How long one run of git takes at most."""
    ca_file: Path | None = None
    """Certificates of the site's own authorities, as PEM."""
    known_hosts: Path | None = None
    """Keys of SSH servers that the site vouches for, as ssh keeps them."""
    email_domain: str = "users.twinhub.invalid"
    """What is behind the @ of authors who give no address."""


@dataclass(frozen=True)
class OpenLinkSettings:
    """Links that open what is published, or repositories, in the workspace of whoever follows."""

    git_hosts: tuple[str, ...] = ()
    """Hosts whose repositories are opened; empty for those of `GitSettings.hosts`."""


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

    site_title: str = "TwinHub"
    """The name of the site, on each page."""
    public_url: str = ""
    """TwinHub's address as people type it, without a slash at its end; empty when stand-alone."""
    hub_api_url: str = ""
    """The hub's API as this process reaches it; empty when stand-alone."""
    crypt_keys: tuple[str, ...] = field(default=(), repr=False)
    """Keys of what is stored encrypted, 32 bytes each as hexadecimal text: the first encrypts."""

    bin_days: int = 30
    """How long what was deleted can be restored."""
    upload_days: int = 7
    """How long an upload that was begun can be resumed."""
    limits: Limits = field(default_factory=Limits)
    """What is taken in one go."""
    quota: QuotaSettings = field(default_factory=QuotaSettings)
    git: GitSettings = field(default_factory=GitSettings)
    open_links: OpenLinkSettings = field(default_factory=OpenLinkSettings)
    snapshots: SnapshotSettings = field(default_factory=SnapshotSettings)

    @property
    def public_address(self) -> str:
        """Where browsers find the library's addresses; empty for the server's own root."""
        return f"{self.public_url}{PUBLIC_PREFIX}" if self.public_url else ""

    @property
    def database(self) -> str:
        """Address of the database."""
        return self.database_url or f"sqlite:///{self.state}/library.sqlite"
