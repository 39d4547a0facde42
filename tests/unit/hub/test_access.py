"""Who may enter and as what, by groups."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_hub.auth.access import AccessPolicy

PART = st.text(alphabet="abc-_.", min_size=1, max_size=3)
PATH = st.lists(PART, min_size=1, max_size=4).map("/".join)
POLICY = AccessPolicy(
    allowed=frozenset({"org/twins"}), instructors=frozenset({"org/staff"}),
    admins=frozenset({"org/root"}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("groups", "enters", "is_admin"),
    [
        ((), False, False),
        (("org",), False, False),
        (("org/twins",), True, False),
        (("org/twins/a/b",), True, False),
        (("org/twins-not", "x/org/twins"), False, False),
        (("org/staff",), True, False),
        (("org/staff/tutors",), False, False),
        (("org/root",), True, True),
        (("org/root/interns",), False, False),
        (("org/root/interns", "org/twins"), True, False),
        (("ORG/twins",), False, False),
        (("",), False, False),
    ],
)  # fmt: skip
@pytest.mark.d4(9)
def test_groups_decide(groups: tuple[str, ...], *, enters: bool, is_admin: bool) -> None:
    assert POLICY.may_enter(groups) == enters
    assert POLICY.is_admin(groups) == is_admin


@given(st.sets(PATH), st.sets(PATH, min_size=1))
def test_access_is_being_in_an_allowed_group_or_below_one(
    groups: set[str], allowed: set[str]
) -> None:
    below = any(f"{group}/".startswith(f"{one}/") for group in groups for one in allowed)
    assert AccessPolicy(allowed=frozenset(allowed)).may_enter(groups) == below


@given(st.sets(PATH), st.sets(PATH), st.sets(PATH))
def test_admins_may_enter(groups: set[str], allowed: set[str], admins: set[str]) -> None:
    policy = AccessPolicy(allowed=frozenset(allowed), admins=frozenset(admins))
    assert policy.may_enter(groups) >= policy.is_admin(groups)
