"""What runs use: room, CPU and memory; and clearing what ended long ago."""

from __future__ import annotations

from pydantic import Field

from twinhub_api.wire import Wire


class RunUsage(Wire):
    """What somebody's runs take on the disk, beside their area of the library."""

    runs: int = Field(description="How many have a log or results.")
    runs_bytes: int = Field(description="What these take.")
    copies: int = Field(description="How many twins have a working copy.")
    copies_bytes: int = Field(description="What the copies take.")
    keep_days: float | None = Field(
        None, description="How long the site keeps both after their last use; null for ever."
    )


class Clearing(Wire):
    """Which of one's own runs are to lose log and results."""

    days: float = Field(
        ge=0, le=36_500, description="Those that ended, and copies used last, so long ago."
    )
    dry_run: bool = Field(default=True, description="Only tell what would be removed.")


class Cleared(Wire):
    """What was removed, or would be."""

    runs: int
    copies: int
    bytes: int = Field(description="What these take on the disk.")
    items: tuple[str, ...] = Field((), description="Ids of the runs.")
    has_more: bool = Field(default=False, description="There are more runs: ask again.")


class ProcessLoad(Wire):
    """What a process of a run uses now, with all that it has started."""

    name: str = Field(description="As the twin calls it; `others` is what belongs to none.")
    cpus: float = Field(description="Cores, over the last two seconds.")
    memory_bytes: int = Field(description="Resident; what several share counts for each.")
    count: int = Field(description="Processes.")


class RunLoad(Wire):
    """What a run uses now, as its own sandbox tells; empty of one that does not run."""

    processes: tuple[ProcessLoad, ...]
