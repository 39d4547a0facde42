"""Limits of a workspace, by the groups of the person who starts it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from prometheus_client import Counter

from twinhub_hub.egress import egress_of, network_of
from twinhub_hub.spawners.readiness import StartFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from jupyterhub.spawner import Spawner

    from twinhub_hub.settings.models import Settings

REFUSED = Counter("twinhub_start_refused_total", "Starts that were refused with 429", ["reason"])


@dataclass(frozen=True)
class Limits:
    """What one workspace may use."""

    memory: int
    """Bytes."""
    cpus: float
    """Cores."""


def limits_for(settings: Settings, groups: Collection[str]) -> Limits:
    """Return the limits of a member of some groups: the most generous rule among them holds.

    Groups without a rule, and rules without the key, give what `workspace` gives.
    """
    workspace = settings.workspace
    rules = [rule for rule in settings.groups if rule.name in groups]
    return Limits(
        memory=max((rule.memory for rule in rules if rule.memory), default=workspace.memory),
        cpus=max((rule.cpus for rule in rules if rule.cpus), default=workspace.cpus),
    )


def highest_limits(settings: Settings) -> Limits:
    """Return the most that anybody's workspace may use."""
    workspace = settings.workspace
    everybody = limits_for(settings, [rule.name for rule in settings.groups])
    return Limits(max(workspace.memory, everybody.memory), max(workspace.cpus, everybody.cpus))


def group_overrides(settings: Settings) -> Callable[[Spawner], Mapping[str, object]]:
    """Return what JupyterHub asks before each start; see its ``Spawner.group_overrides``."""

    def overrides_of(spawner: Spawner) -> Mapping[str, object]:
        groups = [group.name for group in spawner.user.groups]
        limits = limits_for(settings, groups)
        network = network_of(settings.engine.network, egress_of(settings, groups))
        override = {
            "mem_limit": limits.memory, "cpu_limit": limits.cpus, "network_name": network,
        }  # fmt: skip
        return {"limits": {"groups": groups, "spawner_override": override}}

    return overrides_of


class GroupPlaces:
    """How many workspaces of a group run at once; one object for all starts of a hub."""

    def __init__(self, settings: Settings) -> None:
        """Take the groups that have a limit."""
        self._limits = {
            rule.name: rule.workspaces for rule in settings.groups if rule.workspaces is not None
        }
        self._let_in: set[Spawner] = set()

    def take(self, spawner: Spawner) -> None:
        """Let a start in that JupyterHub counts as pending.

        Raises:
            StartFailedError: a group of the user has all its workspaces running.
        """
        self._let_in = {other for other in self._let_in if other.active and other is not spawner}
        for group in spawner.user.groups:
            limit = self._limits.get(group.name)
            if limit is not None and self._running(group.name, spawner) >= limit:
                REFUSED.labels("group").inc()
                raise StartFailedError(
                    f"The group {group.name} has reached its limit of running workspaces: {limit}.",
                    remedy="Try again when somebody has stopped theirs, or ask an administrator.",
                    status_code=HTTPStatus.TOO_MANY_REQUESTS,
                )
        self._let_in.add(spawner)

    def _running(self, group: str, spawner: Spawner) -> int:
        """Return how many others run or were let in: of two at one moment the second is refused."""
        return sum(
            other.ready or other in self._let_in
            for other in _spawners(spawner)
            if other is not spawner and any(one.name == group for one in other.user.groups)
        )


def _spawners(spawner: Spawner) -> Iterator[Spawner]:
    for user in spawner.user.settings["users"].values():
        yield from user.spawners.values()
