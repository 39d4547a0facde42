"""Which egress policy holds for whom, and which network it means."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from twinhub_hub.egress import (
    Egress,
    closed_networks,
    egress_of,
    network_of,
    networks_in_use,
    proxy_environment,
    uses_proxy,
    without_covered,
)
from twinhub_hub.settings.models import Settings


def settings(everybody: Egress, **groups: Egress | None) -> Settings:
    """Settings with a policy for everybody, and rules of some groups."""
    rules = [{"name": name, "egress": egress} for name, egress in groups.items()]
    workspace = {"egress": everybody, "egress_hosts": ["git.example.org"]}
    return Settings.model_validate({"workspace": workspace, "groups": rules})


@pytest.mark.parametrize(
    ("everybody", "groups", "holds"),
    [
        ("open", [], "open"),
        ("none", [], "none"),
        ("open", ["exam"], "none"),
        ("none", ["staff"], "open"),
        ("open", ["staff", "exam"], "none"),
        ("open", ["staff", "course"], "listed"),
        ("open", ["exam", "course"], "none"),
        ("none", ["unset", "unknown"], "none"),
    ],
)
def test_the_strictest_rule_of_ones_groups_holds(
    everybody: Egress, groups: list[str], holds: Egress
) -> None:
    rules = settings(everybody, exam="none", course="listed", staff="open", unset=None)
    assert egress_of(rules, groups) == holds


def test_each_policy_in_use_has_a_network() -> None:
    assert networks_in_use(settings("open")) == ("twinhub",)
    assert networks_in_use(settings("open", exam="none")) == ("twinhub", "twinhub-none")
    assert networks_in_use(settings("none")) == ("twinhub-none",)
    assert closed_networks("twinhub") == ("twinhub-listed", network_of("twinhub", "none"))


def test_only_listed_egress_needs_the_proxy_and_hosts_for_it() -> None:
    assert not uses_proxy(settings("open", exam="none"))
    assert uses_proxy(settings("none", course="listed"))
    with pytest.raises(ValidationError, match="no host is listed"):
        Settings.model_validate({"workspace": {"egress": "listed"}})


@pytest.mark.parametrize(
    "host",
    ["https://example.org", "*.example.org", "example.org:443", "example.org/x", "Example.org",
     "org", ".", "a b.example.org", "-x.example.org", "x" * 64 + ".example.org", "::1", "a.b\n"],
)  # fmt: skip
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"workspace": {"egress_hosts": [host]}})


def test_hosts_that_another_covers_are_left_out() -> None:
    hosts = ["a.example.org", ".example.org", "example.org", "notexample.org", ".b.example.org"]
    assert without_covered(hosts) == [".example.org", "notexample.org"]


def test_programs_find_the_proxy_by_either_spelling_and_the_hub_without_it() -> None:
    found = proxy_environment("http://172.30.0.1:8004", "172.29.0.1")
    assert found["https_proxy"] == found["HTTPS_PROXY"] == found["http_proxy"]
    assert "172.29.0.1" in found["NO_PROXY"].split(",")
