"""Which waiting runs may begin: no cap is passed, nobody is starved, all that can begin does."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twinhub_runner.queueing import Caps, Entry, Explaining, admit, tell_overdue

NAMES = st.sampled_from(["ada", "bob", "cleo"])
ENTRIES = st.lists(
    st.builds(
        Entry,
        id=st.just(""),
        user=NAMES,
        groups=st.frozensets(st.sampled_from(["lab", "class"])),
        keys=st.frozensets(st.sampled_from(["arm", "camera"]), max_size=1),
        is_due=st.booleans(),
    ),
    max_size=12,
).map(lambda found: [replace(one, id=str(at)) for at, one in enumerate(found)])
CAPS = st.builds(
    Caps,
    all=st.none() | st.integers(0, 6),
    each_user=st.none() | st.integers(0, 3),
    users=st.dictionaries(NAMES, st.integers(0, 3)),
    groups=st.dictionaries(st.sampled_from(["lab", "class"]), st.integers(0, 3)),
)


@given(ENTRIES, CAPS)
def test_caps_hold_and_nothing_that_may_begin_waits(entries: list[Entry], caps: Caps) -> None:
    admitted = admit(entries, [], caps)
    by_id = {one.id: one for one in entries}
    begun = [by_id[one] for one in admitted]

    assert len(set(admitted)) == len(admitted)
    assert all(one.is_due for one in begun)
    assert caps.all is None or len(begun) <= caps.all
    users = Counter(one.user for one in begun)
    assert all(
        caps.users.get(user, caps.each_user) is None
        or count <= caps.users.get(user, caps.each_user)  # type: ignore[operator]
        for user, count in users.items()
    )
    groups = Counter(group for one in begun for group in one.groups)
    assert all(groups[group] <= most for group, most in caps.groups.items())
    keys = Counter(key for one in begun for key in one.keys)
    assert all(count == 1 for count in keys.values())
    waiting = [one for one in entries if one.is_due and one.id not in admitted]
    assert all(Explaining(begun, caps)(one) for one in waiting)


def test_turns_go_round_and_within_a_turn_the_oldest_is_first() -> None:
    entries = [Entry(f"{user}{at}", user) for user in ("ada", "bob") for at in range(3)]
    assert admit(entries, [], Caps(all=5)) == ["ada0", "bob0", "ada1", "bob1", "ada2"]


def test_user_with_fewest_runs_comes_first() -> None:
    running = [Entry("x", "ada"), Entry("y", "ada"), Entry("z", "bob")]
    waiting = [Entry("a", "ada"), Entry("b", "bob"), Entry("c", "cleo"), Entry("d", "cleo")]
    assert admit(waiting, running, Caps(all=6)) == ["c", "b", "d"]


def test_what_is_waited_for_is_said() -> None:
    one = Entry("a", "ada", frozenset({"lab"}), frozenset({"ada/digital_twins/tank"}))
    other = Entry("b", "bob", frozenset({"lab"}), frozenset({"ada/digital_twins/tank"}))

    assert Explaining([other], Caps())(one) == "ada/digital_twins/tank is used by the run b"
    alone = replace(one, keys=frozenset())
    assert Explaining([other], Caps(groups={"lab": 1}))(alone) == (
        "1 runs of the group lab are under way, and no more are at a time"
    )
    assert Explaining([], Caps())(alone) == ""


def test_what_has_waited_for_its_turn_for_too_long_is_told_with_the_key() -> None:
    entry = Entry("a", "ada", since=1000.0)
    caps = Caps(wait_seconds=7200)
    assert tell_overdue(entry, caps, 8200) == ""
    assert "over 2 h" in (why := tell_overdue(entry, caps, 8201))
    assert "runner.wait_hours" in why
    assert tell_overdue(entry, Caps(), 1e9) == ""
    assert tell_overdue(replace(entry, is_due=False), caps, 1e9) == "", "for an earlier phase"
