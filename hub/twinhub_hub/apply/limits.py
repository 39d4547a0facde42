"""Limits of a workspace, by the groups of the person who starts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from jupyterhub.spawner import Spawner

    from twinhub_hub.settings.models import Settings


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
        override = {"mem_limit": limits.memory, "cpu_limit": limits.cpus}
        return {"limits": {"groups": groups, "spawner_override": override}}

    return overrides_of
