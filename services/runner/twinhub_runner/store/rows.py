"""What is kept of runs and of what has happened to them, and how a client sees it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column
from twinhub_api.runner.runs import Run, RunEvent, Status, Target

from twinhub_runner.store.base import Base


class RunRow(Base):
    """One run."""

    __tablename__ = "runs"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(unique=True)
    twin: Mapped[str] = mapped_column(index=True)
    phase: Mapped[str]
    owner: Mapped[str] = mapped_column(index=True)
    team: Mapped[str] = mapped_column(default="", index=True)
    """Label of the team whose twin it is; empty of others."""
    groups: Mapped[list[str]] = mapped_column(JSON, default=list)
    status: Mapped[str] = mapped_column(index=True)
    target: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    attempt: Mapped[int] = mapped_column(default=1)
    retries: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[float] = mapped_column(default=0.0)
    exit_code: Mapped[int | None]
    in_background: Mapped[bool] = mapped_column(default=False)
    is_healthy: Mapped[bool | None]
    is_asking: Mapped[bool] = mapped_column(default=False, server_default=false())
    goes_on: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether somebody has said that it is to begin though little room is left."""
    verdict: Mapped[str] = mapped_column(default="", server_default="")
    """Why the runner ends it, in words."""
    is_cleared: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether its log and results were removed, since it ended long ago."""
    chain: Mapped[str | None] = mapped_column(index=True)
    waits_for: Mapped[str | None]
    keys: Mapped[list[str]] = mapped_column(JSON, default=list)
    scenario: Mapped[str | None]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    plan: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What the agent is told; made when the run was asked for, so that later edits do not count."""
    mounts: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """What its sandbox sees of the library; decided when it is prepared."""
    copy: Mapped[str] = mapped_column(default="")
    """Name of the working copy that it works in; empty of one that works in place."""
    copy_id: Mapped[str | None] = mapped_column(index=True)
    """That copy as it was made before or for it; null until it is prepared."""
    is_fresh: Mapped[bool] = mapped_column(default=False)
    """Whether the copy is made anew for it."""
    requires: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What its twin requires of the library, and where its sandbox has it."""
    outputs: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Patterns of the files that are kept as its results."""
    environment: Mapped[str] = mapped_column(default="", server_default="")
    """Address of the software of its twin; empty of one that has none of its own."""
    is_built: Mapped[bool | None]
    """False while that software is built for it, true when it waits for its turn again since; null
    of others. Meanwhile it has its keys, and counts for no cap."""
    image: Mapped[str] = mapped_column(default="")
    """The image that it runs in, by its digest; empty where there are none."""
    rerun_of: Mapped[str | None]
    """The run that it is asked for to be like."""
    idempotency_key: Mapped[str | None]
    """Of the first of the runs that were asked for together."""
    asked_digest: Mapped[str] = mapped_column(default="", server_default="")
    """What was asked for with that key; empty of an earlier TwinHub's."""
    created_at: Mapped[float]
    started_at: Mapped[float | None]
    ended_at: Mapped[float | None]

    __table_args__ = (
        UniqueConstraint("owner", "idempotency_key", "phase", name="once"),
        Index("open_runs", "ended_at", "number"),
    )

    def as_wire(self) -> Run:
        """Return it as a client sees it."""
        return Run(
            id=self.id, twin=self.twin, phase=self.phase, owner=self.owner,
            status=Status(self.status), target=Target(self.target), reason=self.reason,
            attempt=self.attempt, exit_code=self.exit_code, in_background=self.in_background,
            is_healthy=self.is_healthy, is_asking=self.is_asking, is_cleared=self.is_cleared,
            chain=self.chain, waits_for=self.waits_for,
            scenario=self.scenario, parameters=self.parameters, rerun_of=self.rerun_of,
            created_at=_time(self.created_at),
            started_at=None if self.started_at is None else _time(self.started_at),
            ended_at=None if self.ended_at is None else _time(self.ended_at),
        )  # fmt: skip


class EventRow(Base):
    """One thing that has happened to a run."""

    __tablename__ = "events"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    run: Mapped[str] = mapped_column(ForeignKey("runs.id"), index=True)
    time: Mapped[float]
    what: Mapped[str]
    before: Mapped[str | None]
    after: Mapped[str | None]
    who: Mapped[str]
    why: Mapped[str]

    def as_wire(self) -> RunEvent:
        """Return it as a client sees it."""
        return RunEvent(
            number=self.number, time=_time(self.time), what=self.what,
            before=Status(self.before) if self.before else None,
            after=Status(self.after) if self.after else None, who=self.who, why=self.why,
        )  # fmt: skip


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
