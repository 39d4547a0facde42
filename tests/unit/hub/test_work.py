"""Which workspaces tell themselves what works in them, so that no traffic of theirs counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from twinhub_hub.idle import RECENT, REPORT_SECONDS, Report
from twinhub_hub.pages.work import Workspaces

_START = datetime(2026, 11, 25, 12, tzinfo=UTC)
_REPORT = Report(last_work=_START)


class Clock:
    """A clock that is set by hand."""

    now = _START

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


def spawner_of(user: str) -> SimpleNamespace:
    """What is read of JupyterHub's spawner, with rows of its database."""
    row = SimpleNamespace(last_activity=None, started=None)
    person = SimpleNamespace(name=user, orm_user=SimpleNamespace(last_activity=None))
    return SimpleNamespace(name="", user=person, orm_spawner=row)


def workspaces_at(clock: Clock) -> Workspaces:
    """Workspaces of which one has just reported."""
    workspaces = Workspaces(timedelta(hours=1), clock)
    workspaces.take(spawner_of("alice"), _REPORT)
    return workspaces


def test_a_workspace_tells_itself_as_long_as_its_reports_come() -> None:
    clock = Clock()
    workspaces = workspaces_at(clock)
    assert workspaces.has_reported("alice", "")
    assert not workspaces.has_reported("bob", "")
    clock.now += timedelta(seconds=2 * REPORT_SECONDS)
    assert workspaces.has_reported("alice", "")


def test_traffic_counts_again_once_the_reports_have_ended() -> None:
    clock = Clock()
    workspaces = workspaces_at(clock)
    clock.now += RECENT
    assert not workspaces.has_reported("alice", "")
    workspaces.take(spawner_of("alice"), _REPORT)
    assert workspaces.has_reported("alice", "")


def test_reports_of_long_ago_are_forgotten() -> None:
    clock = Clock()
    workspaces = workspaces_at(clock)
    clock.now += timedelta(days=2)
    workspaces.take(spawner_of("bob"), _REPORT)
    clock.now = _START
    assert not workspaces.has_reported("alice", "")
