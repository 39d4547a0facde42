"""What workspaces may reach outside of this machine, by policy: one bridge for each in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Collection

    from twinhub_hub.settings.models import Settings

Egress = Literal["open", "none"]
"""From the most generous to the strictest."""

NO_NAME_SERVER = ("127.0.0.1",)
"""Name servers of a workspace without egress: a lookup, which would carry data out, fails.

Docker's own resolver asks these from inside of the container, where nobody listens.
"""


def egress_of(settings: Settings, groups: Collection[str]) -> Egress:
    """Return the policy of a member of some groups: the strictest rule among them holds.

    Where none of them has a rule it is what `workspace` says.
    """
    rules = [rule.egress for rule in settings.groups if rule.egress and rule.name in groups]
    return max(rules, key=get_args(Egress).index, default=settings.workspace.egress)


def network_of(network: str, egress: Egress) -> str:
    """Return the name of the Docker network of a policy; ``network`` is the installation's."""
    return network if egress == "open" else f"{network}-{egress}"


def closed_networks(network: str) -> tuple[str, ...]:
    """Return the names of the networks without a way outside."""
    return tuple(network_of(network, egress) for egress in get_args(Egress) if egress != "open")


def networks_in_use(settings: Settings) -> tuple[str, ...]:
    """Return the names of the networks that workspaces may be started on."""
    policies = {settings.workspace.egress} | {r.egress for r in settings.groups if r.egress}
    return tuple(sorted(network_of(settings.engine.network, egress) for egress in policies))
