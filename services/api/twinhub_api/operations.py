"""Long work that a service does for somebody: what it is, how far it is and how it ended."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from twinhub_api.problems import Problem
from twinhub_api.wire import Wire


class OperationStatus(StrEnum):
    """Where long work is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def has_ended(self) -> bool:
        """Whether nothing will change any more."""
        return self not in {OperationStatus.WAITING, OperationStatus.RUNNING}


class Operation(Wire):
    """Long work that somebody has asked for."""

    id: str
    kind: str = Field(description="A stable word for programs, such as `import`.")
    title: str = Field(description="What it does, for people.")
    status: OperationStatus = Field(
        description="`interrupted` when the service ended before it did; ask for it again."
    )
    text: str = Field("", description="What it does right now, for people.")
    done: int = Field(0, description="How much of `total` is done.")
    total: int | None = Field(None, description="How much there is to do, where that is known.")
    result: dict[str, Any] | None = Field(None, description="What it has made, when it is `done`.")
    problem: Problem | None = Field(None, description="What was wrong, when it has `failed`.")
    created_at: datetime
    ended_at: datetime | None = None


class OperationList(Wire):
    """One's own operations, the newest first."""

    operations: tuple[Operation, ...]
    next: str | None = Field(None, description="What `after` is to be for more; null at the end.")
