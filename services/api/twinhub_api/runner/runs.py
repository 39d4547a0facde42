"""Runs of digital twins, as the runner tells of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from twinhub_api.wire import Wire

Value = bool | int | float | str


class Status(StrEnum):
    """Where a run is."""

    WAITING = "waiting"
    PREPARING = "preparing"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self in {Status.SUCCEEDED, Status.FAILED, Status.STOPPED, Status.LOST}


class Target(StrEnum):
    """What somebody wants of a run."""

    RUN = "run"
    STOP = "stop"
    KILL = "kill"


class Submission(Wire):
    """A phase that is to be run, or several one after the other."""

    twin: str = Field(
        description="The twin: its path in the library, such as `common/digital_twins/tank@1.2.0`,"
        " or the name of one of one's own."
    )
    phases: tuple[str, ...] = Field(
        ("execute",), min_length=1, max_length=10,
        description="One begins when the one before it has succeeded.",
    )  # fmt: skip
    scenario: str | None = Field(None, description="A set of values that the twin names.")
    parameters: dict[str, Value] = Field(
        {}, description="Values of the twin's parameters; text stands for a value of their type."
    )


class Run(Wire):
    """One phase of a twin that somebody has asked for."""

    id: str
    twin: str = Field(description="The path of the twin in the library.")
    phase: str
    owner: str = Field(description="Who asked for it.")
    status: Status
    target: Target = Field(description="What is wanted of it.")
    reason: str = Field("", description="Why it is as it is, for people.")
    attempt: int = Field(1, description="Which try this is; `retries` of the phase allow more.")
    exit_code: int | None = Field(None, description="The status that the phase has ended with.")
    in_background: bool = Field(
        default=False, description="Its command has ended, and what that has started goes on."
    )
    is_healthy: bool | None = Field(None, description="Null where the twin has no health check.")
    is_asking: bool = Field(
        default=False,
        description="It waits, or is paused while it runs, for somebody to continue or to stop it;"
        " `reason` says why.",
    )
    is_cleared: bool = Field(
        default=False, description="Log and results were removed, as it ended long ago."
    )
    chain: str | None = Field(None, description="What it was asked for together with.")
    waits_for: str | None = Field(None, description="The run that has to succeed before it.")
    scenario: str | None = None
    parameters: dict[str, Value] = Field({}, description="All of the twin's, with defaults.")
    rerun_of: str | None = Field(None, description="The run that it is to be like.")
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None


class RunPage(Wire):
    """Some runs, the newest first."""

    items: tuple[Run, ...]
    next: str | None = Field(None, description="What `after` is to be for more; null at the end.")


class Submitted(Wire):
    """What was asked for: a run for each phase."""

    runs: tuple[Run, ...]


class RunEvent(Wire):
    """One thing that has happened to a run."""

    number: int
    time: datetime
    what: str = Field(description="A stable word for programs: `moved`, `asked`, `ready` …")
    before: Status | None = None
    after: Status | None = None
    who: str = Field(description="The user, or `runner`.")
    why: str = Field(description="For people.")


class RunEventPage(Wire):
    """Some events of a run, the oldest first."""

    items: tuple[RunEvent, ...]
    next: int | None = None
