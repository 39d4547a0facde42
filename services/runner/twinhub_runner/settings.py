"""What a runner is told when it starts."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - pydantic reads it
from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - pydantic reads it

from twinhub_kit.quotas import QuotaSettings

from twinhub_runner.backends.base import Limits
from twinhub_runner.egress import Egress
from twinhub_runner.environments.wanted import Allowed
from twinhub_runner.queueing import Caps

VARIABLES: Mapping[str, str] = {
    "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8",  # noqa: S108 - the sandbox's own
    "PYTHONUNBUFFERED": "1",
}  # fmt: skip
"""Of runs of which nothing else is known."""


@dataclass(frozen=True)
class RunnerSettings:
    """Where a runner keeps what it has, and what a site has decided."""

    root: Path
    """The assets root: areas of users, ``teams``, ``common``."""
    state: Path
    """Folder of its database."""
    database_url: str = ""
    """Address of the database, as SQLAlchemy writes it; empty for SQLite in ``state``."""
    hub_api_url: str = ""
    """The hub's API as this process reaches it; empty when stand-alone."""
    caps: Caps = field(default_factory=Caps)
    """How many runs may be under way."""
    limits: Limits = field(default_factory=Limits)
    """What each run may use."""
    variables: Mapping[str, str] = field(default_factory=lambda: VARIABLES)
    """What each run finds in its environment beside the twin's own."""
    most_seconds: float | None = 86_400.0
    """How long a phase may take that sets no limit and is not live; None for no limit."""
    egress: Egress = field(default_factory=Egress)
    """What runs reach outside of the machine."""
    least_free: int = 0
    """Bytes that have to be free on the disk of the assets for a run to begin; 0 for none."""
    quota: QuotaSettings = field(default_factory=lambda: QuotaSettings(free_bytes=0))
    """How much areas may hold that saves and forks are written to."""
    keep_days: float | None = None
    """How long log and results are kept after a run, and an unused copy; None for ever."""
    crypt_keys: tuple[str, ...] = field(default=(), repr=False)
    """Keys of secrets: the first encrypts, all decrypt. Without any, one is made in `state`."""
    software: Allowed = field(default_factory=Allowed)
    """What twins may ask for in their ``environment``."""
    workers: int = 8
    """How many runs are moved at once."""

    @property
    def runs(self) -> Path:
        """Folder of all runs: on the file system of the assets, so that files are shared."""
        return self.root / ".runs"

    @property
    def database(self) -> str:
        """Address of the database."""
        return self.database_url or f"sqlite:///{self.state}/runner.sqlite"
