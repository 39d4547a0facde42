"""The walls of an installation: put up, looked at and taken down, and what the operator is told."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_hub.operate import firewall
from twinhub_hub.operate.errors import FirewallError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_hub.installation import Installation, Running

_REMEDY = "put them up with: twinhub up"


@dataclass(frozen=True)
class WallsReport:
    """Whether the walls of an installation stand."""

    is_in_place: bool
    summary: str
    rules: Sequence[tuple[str, bool]] = ()
    """Each rule as a command, and whether it is there."""
    is_known: bool = True
    """Whether this host's firewall could be read."""


def walls_of(running: Running) -> firewall.Walls | None:
    """Return what the walls follow from; None where there is no bridge to wall."""
    if running.engine != "docker" or running.bridge is None or running.gateway is None:
        return None
    return firewall.Walls(
        running.prefix,
        bridge=running.bridge,
        gateway=running.gateway,
        hub_port=running.hub_port,
        closed=tuple(running.closed_bridges),
        listed=running.listed,
        uplinks=firewall.find_uplinks(),
    )


def put_up(home: Path, running: Running) -> str:
    """Put up the walls and say so; or say in one line why not and what root has to run."""
    walls = walls_of(running)
    if walls is None:
        return "none, there is no bridge"
    try:
        return "put up" if firewall.ensure_walls(walls) else "in place"
    except FirewallError as error:
        return (
            f"NOT PUT UP: {error}. Workspaces reach other ports of this machine until root runs: "
            f"{root_command(home)}"
        )


def take_down(prefix: str) -> list[str]:
    """Take down the walls and return what was removed; or say what is left for root to run."""
    try:
        return [f"Removed {chain}" for chain in firewall.remove_walls(prefix)]
    except FirewallError as error:
        command = f"{_twinhub()} walls --remove={prefix}"
        return [f"Walls: NOT removed: {error}. Have root run: {command}"]


def inspect_walls(installation: Installation) -> WallsReport:
    """Return whether the walls stand, rule by rule; changes nothing."""
    try:
        running = installation.running
    except FileNotFoundError:
        return WallsReport(is_in_place=False, summary="none yet (twinhub up puts them up)")
    if running.engine != "docker":
        return WallsReport(is_in_place=False, summary="none (the process mode has no bridge)")
    walls = walls_of(running)
    if walls is None:  # started by a TwinHub that had none
        return WallsReport(is_in_place=False, summary=f"MISSING; {_REMEDY}")
    return _report(walls, root_command(installation.home))


def _report(walls: firewall.Walls, command: str) -> WallsReport:
    try:
        rules, is_in_place = _look(walls)
    except FirewallError as error:
        summary = f"NOT FOUND: {error}. Have root run: {command}"
        return WallsReport(is_in_place=False, summary=summary, is_known=False)
    if is_in_place:
        return WallsReport(is_in_place=True, summary=f"in place ({len(rules)} rules)", rules=rules)
    missing = sum(not is_there for _, is_there in rules)
    what = f"{missing} of {len(rules)} rules" if missing else "other rules are among them"
    return WallsReport(is_in_place=False, summary=f"MISSING ({what}); {_REMEDY}", rules=rules)


def _look(walls: firewall.Walls) -> tuple[list[tuple[str, bool]], bool]:
    rules: list[tuple[str, bool]] = []
    is_in_place = True
    for family in firewall.families():
        table = firewall.read_table(family)
        missing = firewall.find_missing(walls, family, table)
        wanted = firewall.wanted_jumps(walls, table) + firewall.wanted_rules(walls, family)
        is_seen = firewall.sees_bridged(family)
        rules.append((f"sysctl -w {firewall.bridge_switch(family)}", is_seen))
        rules += [(f"{family} {rule}", rule not in missing) for rule in wanted]
        is_in_place = is_in_place and is_seen and firewall.is_in_place(walls, family, table)
    return rules, is_in_place


def root_command(home: Path) -> str:
    """Return what root runs to put up the walls of an installation."""
    return f"env TWINHUB_HOME={shlex.quote(str(home))} {_twinhub()} walls"


def _twinhub() -> str:
    return shlex.quote(str(Path(sys.executable).with_name("twinhub")))
