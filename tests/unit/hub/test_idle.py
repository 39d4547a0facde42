"""When a workspace in which nothing works is stopped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from twinhub_hub.idle import KEEP, Report, Sign, forecast, kept

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KERNEL = Sign(kind="kernel", name="mill.ipynb", state="busy", works=True)
TERMINAL = Sign(kind="terminal", name="1", state="no job", works=False)


def hours(number: float) -> timedelta:
    """A number of hours."""
    return timedelta(hours=number)


def test_a_workspace_stops_when_nothing_has_worked_for_long_enough() -> None:
    found = forecast(DAY, NOW - hours(2), NOW, None)
    assert found.stops_at == NOW + hours(22)
    assert not found.is_near


@pytest.mark.parametrize(
    ("idle", "ago", "is_near"),
    [(24, 23.4, False), (24, 23.5, True), (24, 25, True), (0.5, 0.2, False), (0.5, 0.25, True)],
)
def test_its_user_is_told_half_an_hour_before_or_half_of_a_shorter_time(
    idle: float, ago: float, *, is_near: bool
) -> None:
    assert forecast(hours(idle), NOW - hours(ago), NOW, None).is_near is is_near


def test_where_workspaces_never_stop_nothing_is_foretold() -> None:
    found = forecast(timedelta(0), NOW - hours(9999), NOW, None)
    assert (found.stops_at, found.is_near, found.may_keep) == (None, False, False)


def test_people_are_told_what_works_or_else_what_was_seen() -> None:
    both = Report(last_work=NOW, signs=(TERMINAL, KERNEL))
    assert forecast(DAY, NOW, NOW, (NOW, both)).seen == "kernel mill.ipynb: busy"
    idle = Report(last_work=NOW, signs=(TERMINAL,))
    assert forecast(DAY, NOW, NOW, (NOW, idle)).seen == "terminal 1: no job, no kernel"


def test_what_was_seen_long_ago_is_not_told() -> None:
    report = Report(last_work=NOW - hours(1), signs=(KERNEL,))
    found = forecast(DAY, NOW, NOW, (NOW - hours(1), report))
    assert found.signs == ()
    assert found.last_work == NOW - hours(1)


@given(idle=st.floats(0.1, 1000), ago=st.floats(0, 2000))
def test_a_kept_workspace_stops_no_sooner_than_promised_and_asking_again_adds_nothing(
    idle: float, ago: float
) -> None:
    last = NOW - hours(ago)
    once = kept(hours(idle), last, NOW)
    assert once + hours(idle) >= NOW + KEEP - timedelta(milliseconds=1)
    assert once >= last
    assert kept(hours(idle), once, NOW) == once
    assert not forecast(hours(idle), once, NOW, None).may_keep


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"last_work": "2026-11-25T12:00:00"}', '{"last_work": 1e400}',
     '{"last_work": "0001-01-01T00:00:00+14:00"}', '{"last_work": "9999-12-31T23:59:59-14:00"}',
     '{"last_work": "2026-11-25T12:00:00Z", "x": 1}',
     '{"last_work": "2026-11-25T12:00:00Z", "signs": [{"kind": "x", "state": "", "works": true}]}',
     '{"last_work": "2026-11-25T12:00:00Z", "signs": [{"kind": "cpu", "state": "'
     + "x" * 81 + '", "works": true}]}'],
)  # fmt: skip
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Report.model_validate_json(text)
