"""When a workspace in which nothing works is stopped: pure, times are aware and in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Sequence

REPORT_SECONDS = 60
"""How often a workspace tells what works in it."""

KEEP = timedelta(hours=12)
"""How long a workspace is kept for the asking; asking again never adds to it."""

RECENT = timedelta(seconds=5 * REPORT_SECONDS)
"""How long a report holds; a workspace without a younger one does not tell what works in it."""

_WORTH_ASKING = timedelta(hours=1)
_NOTICE = timedelta(minutes=30)
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
"""Times at the ends of the calendar cannot be reckoned with."""

Kind = Literal["cpu", "kernel", "terminal", "port", "ssh"]
_TITLES: dict[Kind, str] = {
    "cpu": "CPU", "kernel": "kernel", "terminal": "terminal", "port": "port", "ssh": "SSH",
}  # fmt: skip


class Sign(BaseModel):
    """One thing that a workspace has looked at in itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    name: str = Field("", max_length=80)
    state: str = Field(max_length=80)
    works: bool

    def __str__(self) -> str:
        """Return it as people read it, such as “kernel mill.ipynb: busy”."""
        return f"{_TITLES[self.kind]}{' ' if self.name else ''}{self.name}: {self.state}"


class Report(BaseModel):
    """What a workspace says of itself; see the extension in ``extensions/lab``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    last_work: AwareDatetime = Field(ge=_EARLIEST, le=_LATEST)
    signs: tuple[Sign, ...] = Field((), max_length=40)


@dataclass(frozen=True)
class Forecast:
    """What awaits a running workspace."""

    stops_at: datetime | None
    """When it stops if nothing works in it until then; None where workspaces never stop."""
    is_near: bool
    """Whether its user should be told."""
    may_keep: bool
    """Whether asking to keep it would give it an hour or more."""
    last_work: datetime
    signs: Sequence[Sign] = ()
    """What was seen at the last look; empty where that was long ago."""

    @property
    def works(self) -> Sequence[Sign]:
        """What works."""
        return [sign for sign in self.signs if sign.works]

    @property
    def seen(self) -> str:
        """What was seen, for people."""
        kinds = {sign.kind for sign in self.signs}
        absent = [f"no {kind}" for kind in ("kernel", "terminal") if kind not in kinds]
        seen = [str(sign) for sign in self.works] or [*map(str, self.signs), *absent]
        return ", ".join(seen)

    def as_json(self) -> dict[str, object]:
        """Return what the workspace is answered, for the notice in JupyterLab."""
        return {
            "stops_at": self.stops_at and self.stops_at.isoformat(),
            "is_near": self.is_near,
            "may_keep": self.may_keep,
            "keep_hours": KEEP // timedelta(hours=1),
            "seen": self.seen,
        }


def forecast(
    idle: timedelta, last_activity: datetime, now: datetime, seen: tuple[datetime, Report] | None
) -> Forecast:
    """Return what awaits a workspace.

    ``idle`` is how long nothing works before a stop, zero for never; ``last_activity`` is
    JupyterHub's time, from which the culler counts; ``seen`` is the last report and when it came.
    """
    signs: Sequence[Sign] = ()
    last_work = last_activity
    if seen is not None:
        came, report = seen
        last_work = report.last_work
        signs = report.signs if now - came < RECENT else ()
    if not idle:
        return Forecast(None, is_near=False, may_keep=False, last_work=last_work, signs=signs)
    stops_at = last_activity + idle
    return Forecast(
        stops_at,
        is_near=now >= stops_at - min(_NOTICE, idle / 2),
        may_keep=kept(idle, last_activity, now) - last_activity > _WORTH_ASKING,
        last_work=last_work,
        signs=signs,
    )


def kept(idle: timedelta, last_activity: datetime, now: datetime) -> datetime:
    """Return the time to count from so that a workspace does not stop for as long as it is kept."""
    return max(last_activity, now + KEEP - idle)
