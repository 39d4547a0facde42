"""What a run may reach outside of the machine: as its owner's workspace."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - pydantic reads it
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Collection

Policy = Literal["open", "listed", "none"]
"""From the most generous to the strictest."""


@dataclass(frozen=True)
class Egress:
    """The site's rules."""

    usual: Policy = "open"
    """Of who is in no group that has one."""
    groups: Mapping[str, Policy] = field(default_factory=dict)

    def of(self, groups: Collection[str]) -> Policy:
        """Return the policy of a member of some groups: the strictest of theirs."""
        rules = [rule for name, rule in self.groups.items() if name in groups]
        return max(rules, key=get_args(Policy).index, default=self.usual)


@dataclass(frozen=True)
class Network:
    """A network of runs."""

    name: str
    name_servers: tuple[str, ...] = ()
    """Where lookups are sent; empty for the engine's choice."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What each sandbox on it has in its environment, such as the way to a proxy."""
