"""Which egress policy holds for whom, and which network it means."""

from __future__ import annotations

import pytest
from twinhub_hub.egress import Egress, closed_networks, egress_of, network_of, networks_in_use
from twinhub_hub.settings.models import Settings


def settings(everybody: Egress, **groups: Egress | None) -> Settings:
    """Settings with a policy for everybody, and rules of some groups."""
    rules = [{"name": name, "egress": egress} for name, egress in groups.items()]
    return Settings.model_validate({"workspace": {"egress": everybody}, "groups": rules})


@pytest.mark.parametrize(
    ("everybody", "groups", "holds"),
    [
        ("open", [], "open"),
        ("none", [], "none"),
        ("open", ["exam"], "none"),
        ("none", ["staff"], "open"),
        ("open", ["staff", "exam"], "none"),
        ("none", ["unset", "unknown"], "none"),
    ],
)
def test_the_strictest_rule_of_ones_groups_holds(
    everybody: Egress, groups: list[str], holds: Egress
) -> None:
    rules = settings(everybody, exam="none", staff="open", unset=None)
    assert egress_of(rules, groups) == holds


def test_each_policy_in_use_has_a_network() -> None:
    assert networks_in_use(settings("open")) == ("twinhub",)
    assert networks_in_use(settings("open", exam="none")) == ("twinhub", "twinhub-none")
    assert networks_in_use(settings("none")) == ("twinhub-none",)
    assert closed_networks("twinhub") == (network_of("twinhub", "none"),)
