"""Limits by group."""

from __future__ import annotations

from twinhub_hub.apply.limits import highest_limits, limits_for
from twinhub_hub.settings.models import GroupRules, Settings, Workspace

GIB = 2**30
SETTINGS = Settings(
    workspace=Workspace(memory=2 * GIB, cpus=2),
    groups=(
        GroupRules(name="org/course", memory=GIB, cpus=0.5),
        GroupRules(name="org/twins", memory=8 * GIB),
    ),
)


def test_without_a_rule_everybody_has_the_same() -> None:
    assert limits_for(SETTINGS, ["org/other"]).memory == 2 * GIB


def test_a_group_may_have_less_than_everybody() -> None:
    limits = limits_for(SETTINGS, ["org/course", "org/other"])

    assert (limits.memory, limits.cpus) == (GIB, 0.5)


def test_the_most_generous_of_several_groups_holds() -> None:
    limits = limits_for(SETTINGS, ["org/course", "org/twins"])

    assert (limits.memory, limits.cpus) == (8 * GIB, 0.5)


def test_the_highest_is_that_of_everybody_or_of_a_group() -> None:
    assert (highest_limits(SETTINGS).memory, highest_limits(SETTINGS).cpus) == (8 * GIB, 2)
