"""Where the files of runs are, and what their sandboxes are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_agent.pausing import FILE

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_runner.store.rows import RunRow

ASIDE = "aside"
"""Folder of what is being made and is no run's, among those of runs."""
RESTORED = "restored"
"""Folder of a run with the files of a save that it goes on from; absent of others."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one try of a run."""

    folder: Path

    @property
    def inside(self) -> Path:
        """What its sandbox reads."""
        return self.folder / "in"

    @property
    def outside(self) -> Path:
        """What its agent writes: events, the log, how it ended."""
        return self.folder / "out"

    @property
    def restored(self) -> Path:
        """See `RESTORED`."""
        return self.folder / RESTORED

    def hold(self, *, is_held: bool) -> None:
        """Have the agent of a run hold all that runs, or let it go on; may be repeated."""
        file = self.inside / FILE
        if is_held:
            file.touch()
        else:
            file.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of all runs."""

    runs: Path

    def sandbox_of(self, row: RunRow) -> str:
        """Return the name of the sandbox of a run's present try."""
        return f"{row.id}-{row.attempt}"

    def of_try(self, run: str, attempt: int) -> Place:
        """Return the folders of one of the tries of a run."""
        return Place(self.runs / f"{run}-{attempt}")

    def folders_of(self, row: RunRow) -> list[Path]:
        """Return the folders of all tries of a run."""
        return [self.runs / f"{row.id}-{attempt}" for attempt in range(1, row.attempt + 1)]

    def of(self, row: RunRow) -> Place:
        """Return the folders of a run's present try."""
        return Place(self.runs / self.sandbox_of(row))
