"""How an installation is, for its operator: processes, space, what waits."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_hub.deletions import list_deletions
from twinhub_hub.operate import supervisor
from twinhub_hub.operate.errors import OperateError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from twinhub_hub.apply.context import Context
    from twinhub_hub.operate.supervisor import Process

_LEAST_FREE = 0.1
"""Share of a disk that should be free."""


@dataclass(frozen=True)
class Space:
    """Room on the disk of a folder, in bytes."""

    name: str
    path: Path
    free: int
    total: int

    @property
    def is_low(self) -> bool:
        """Whether somebody should look after it."""
        return self.free < _LEAST_FREE * self.total


@dataclass(frozen=True)
class Health:
    """What was found; nothing in it is a secret, but it is for admins only."""

    processes: Sequence[Process]
    """Empty when the supervisor does not answer."""
    spaces: Sequence[Space]
    database_bytes: int
    deletions: Sequence[str]
    """Deleted users whose files are still to be archived."""

    @property
    def problems(self) -> Sequence[str]:
        """What to do something about, each a sentence with the remedy; empty when all is well."""
        found = [
            f"The process {process.name} does not run ({process.state}): see `twinhub logs`."
            for process in self.processes
            if process.state != "RUNNING"
        ]
        if not self.processes:
            found.append("The supervisor does not answer: run `twinhub up`.")
        found += [
            f"Little room is left on the disk of {space.path}: remove files or enlarge it."
            for space in self.spaces
            if space.is_low
        ]
        if self.deletions:
            found.append("Files of deleted users wait to be archived: run `twinhub up`.")
        return found


def look(context: Context) -> Health:
    """Return how the installation is; takes some milliseconds of a thread."""
    installation = context.installation
    try:
        processes = supervisor.list_processes(installation)
    except OperateError:
        processes = []
    return Health(
        processes=processes,
        spaces=[_space("Installation", installation.home), _space("Assets", context.assets)],
        # the log of what is not in the file yet beside it
        database_bytes=sum(
            file.stat().st_size
            for file in installation.database.parent.glob(f"{installation.database.name}*")
        ),
        deletions=[deletion.name for deletion in list_deletions(installation.deletions)],
    )


def _space(name: str, path: Path) -> Space:
    usage = shutil.disk_usage(path)
    return Space(name, path, usage.free, usage.total)
