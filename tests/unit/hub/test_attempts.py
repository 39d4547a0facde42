"""How often a password may be tried."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_hub.auth.attempts import MOST_KEYS, WrongAttempts


class Clock:
    """A clock that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.d4(12)
def test_after_too_many_wrong_attempts_one_waits_until_the_oldest_is_past(clock: Clock) -> None:
    attempts = WrongAttempts(most=3, seconds=60, clock=clock)
    for clock.now in (0, 10, 20):
        assert attempts.wait_seconds("alice") == 0
        attempts.add("alice")
    assert attempts.wait_seconds("alice") == 40
    assert attempts.wait_seconds("bob") == 0
    clock.now = 60
    assert attempts.wait_seconds("alice") == 0
    attempts.add("alice")
    assert attempts.wait_seconds("alice") == 10


@pytest.mark.d4(12)
@given(st.lists(st.floats(0, 30), max_size=200))
def test_never_more_than_the_limit_within_the_window(steps: list[float]) -> None:
    clock = Clock()
    attempts = WrongAttempts(most=5, seconds=60, clock=clock)
    made = []
    for step in steps:
        clock.now += step
        if attempts.wait_seconds("alice") == 0:
            attempts.add("alice")
            made.append(clock.now)
    for first, sixth in zip(made, made[5:], strict=False):
        assert sixth - first >= 60


def test_names_without_end_are_forgotten(clock: Clock) -> None:
    attempts = WrongAttempts(most=1, seconds=60, clock=clock)
    attempts.add("alice")
    for number in range(MOST_KEYS):
        attempts.add(number)
    assert attempts.wait_seconds("alice") == 0
    assert attempts.wait_seconds(MOST_KEYS - 1) > 0


@pytest.mark.d4(12)
def test_an_attempt_that_is_taken_back_does_not_count(clock: Clock) -> None:
    attempts = WrongAttempts(most=2, seconds=60, clock=clock)
    attempts.add("alice")
    clock.now = 1
    right = attempts.add("alice")
    assert attempts.wait_seconds("alice") > 0
    attempts.take_back("alice", right)
    attempts.take_back("alice", right)
    assert attempts.wait_seconds("alice") == 0
    attempts.add("alice")
    assert attempts.wait_seconds("alice") > 0
