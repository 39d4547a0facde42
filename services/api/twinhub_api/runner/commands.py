"""What a run is told while it goes on: commands of the twin, and phases such as ``terminate``."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from twinhub_api.runner.runs import Value
from twinhub_api.wire import Wire


class CommandIn(Wire):
    """A command that is to be given to a run."""

    name: str = Field(
        max_length=200,
        description="A command of the twin, or a phase of it such as `terminate`; it runs where the"
        " run does.",
    )
    arguments: dict[str, Value] = Field({}, description="Values of the command's arguments.")


class RunCommand(Wire):
    """A command that a run was given."""

    id: str
    name: str
    arguments: dict[str, Value] = Field({})
    who: str = Field(description="Who gave it.")
    asked_at: datetime
    log_start: int = Field(description="The place in the run's log where it was given.")
    has_ended: bool
    exit_code: int | None = Field(
        None, description="Null while it goes on, and of one that ended with its run."
    )


class RunCommandList(Wire):
    """What a run was told, the oldest first."""

    commands: tuple[RunCommand, ...]
