"""What workspaces may reach outside of this machine, by policy: one bridge for each in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Collection

    from twinhub_hub.settings.models import Settings

Egress = Literal["open", "listed", "none"]
"""From the most generous to the strictest."""

HOST_PATTERN = r"^\.?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
"""Pattern of a listed host: its name, or one with a dot before it for it and all names below."""

NO_NAME_SERVER = ("127.0.0.1",)
"""Name servers of a workspace whose egress is not open: a lookup, which carries data out, fails.

Docker's own resolver asks these from inside of the container, where nobody listens.
"""


def egress_of(settings: Settings, groups: Collection[str]) -> Egress:
    """Return the policy of a member of some groups: the strictest rule among them holds.

    Where none of them has a rule it is what `workspace` says.
    """
    rules = [rule.egress for rule in settings.groups if rule.egress and rule.name in groups]
    return max(rules, key=get_args(Egress).index, default=settings.workspace.egress)


def strictest_egress(settings: Settings) -> Egress:
    """Return the strictest policy that anybody has."""
    return max(egress_in_use(settings), key=get_args(Egress).index)


def network_of(network: str, egress: Egress) -> str:
    """Return the name of the Docker network of a policy; ``network`` is the installation's."""
    return network if egress == "open" else f"{network}-{egress}"


def closed_networks(network: str) -> tuple[str, ...]:
    """Return the names of the networks from which the kernel forwards nothing."""
    return tuple(network_of(network, egress) for egress in get_args(Egress) if egress != "open")


def egress_in_use(settings: Settings) -> frozenset[Egress]:
    """Return the policies that anybody has."""
    rules: frozenset[Egress] = frozenset(one.egress for one in settings.groups if one.egress)
    return rules | {settings.workspace.egress}


def networks_in_use(settings: Settings) -> tuple[str, ...]:
    """Return the names of the networks that workspaces and runs may be started on."""
    policies = egress_in_use(settings)
    return tuple(sorted(network_of(settings.engine.network, egress) for egress in policies))


def uses_proxy(settings: Settings) -> bool:
    """Return whether some workspaces reach listed hosts, through a proxy at their gateway."""
    return network_of(settings.engine.network, "listed") in networks_in_use(settings)


def proxy_environment(proxy: str, *direct: str) -> dict[str, str]:
    """Return the variables by which programs find the proxy at an address, and go without it.

    There is no standard. Both ways of writing them are in use, see
    https://about.gitlab.com/blog/we-need-to-talk-no-proxy/.
    """
    without = ",".join(("localhost", "127.0.0.1", "::1", *direct))
    values = {"http_proxy": proxy, "https_proxy": proxy, "no_proxy": without}
    return values | {name.upper(): value for name, value in values.items()}


def without_covered(hosts: Collection[str]) -> list[str]:
    """Return listed hosts, sorted, less those that another one with a dot before it covers."""
    return sorted(host for host in set(hosts) if not _is_covered(host, hosts))


def _is_covered(host: str, hosts: Collection[str]) -> bool:
    parts = host.removeprefix(".").split(".")
    above = {"." + ".".join(parts[start:]) for start in range(len(parts))} - {host}
    return not above.isdisjoint(hosts)
