"""The walls around workspaces: rules of the host's firewall for TwinHub's bridge.

The first half is pure: from what an installation is to the wanted rules, and from the rules that
are there to what has to change, both in the words of ``iptables-save``. The second half runs
``iptables-save`` and ``iptables-restore``, which are the same for its nft and its legacy variant.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from twinhub_hub.operate.errors import FirewallError
from twinhub_hub.operate.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_hub.installation import Listed

Family = Literal["iptables", "ip6tables"]

_DOCKERS = "DOCKER-USER"
_LONGEST_STEM = 20  # the name of a chain has at most 28 characters
_KEPT_OF_STEM = 13
# where clouds answer with the machine's credentials; some are the machine's name server as well
METADATA = ("169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32")
_CLOUD_RESOLVERS = ("169.254.169.254/32", "168.63.129.16/32")
_LOCAL_NETWORKS = ("docker", "br-")  # how Docker's bridges are named
_PASSES = re.compile(r"-j (?:ACCEPT|RETURN)\b")
_LOCK_SECONDS = "10"
_SECONDS = 30


@dataclass(frozen=True)
class Walls:
    """What the rules follow from."""

    prefix: str
    bridge: str
    """Name of the bridge's interface."""
    gateway: str
    hub_port: int
    uplinks: tuple[str, ...] = ()
    """Interfaces that lead outside."""
    closed: tuple[str, ...] = ()
    """Interfaces of further bridges, from which nothing is forwarded."""
    listed: Listed | None = None
    """The proxy that leads from one of them to listed hosts."""

    @property
    def bridges(self) -> tuple[str, ...]:
        """Every bridge that workspaces are on."""
        return (self.bridge, *self.closed)


@dataclass(frozen=True)
class Chains:
    """The names of an installation's own chains."""

    input: str
    forward: str

    @classmethod
    def of(cls, prefix: str) -> Chains:
        """Return the names for a prefix; one that is too long gets a hash."""
        stem = prefix
        if len(prefix) > _LONGEST_STEM:
            stem = f"{prefix[:_KEPT_OF_STEM]}-{hashlib.sha256(prefix.encode()).hexdigest()[:6]}"
        return cls(f"{stem}-input", f"{stem}-forward")


def wanted_rules(walls: Walls, family: Family) -> list[str]:
    """Return the rules of the two chains, as ``iptables-save`` writes them.

    TwinHub's bridge has no IPv6, so nothing comes through it by IPv6.
    """
    chains = Chains.of(walls.prefix)
    if family == "ip6tables":
        return [f"-A {chains.input} -j DROP", f"-A {chains.forward} -j DROP"]
    rules = {chains.input: _input(walls), chains.forward: _forward(walls)}
    return [f"-A {chain} {rule}" for chain, of_chain in rules.items() for rule in of_chain]


def _input(walls: Walls) -> list[str]:
    listed = walls.listed
    proxies = [
        f"-d {proxy.gateway}/32 -i {proxy.bridge} -p tcp -m tcp --dport {proxy.port} -j ACCEPT"
        for proxy in ([listed] if listed else [])
    ]
    return [
        # answers to what hub and proxy ask; a connection that a container has opened is none
        "-m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT",
        f"-d {walls.gateway}/32 -p tcp -m tcp --dport {walls.hub_port} -j ACCEPT",
        *proxies,
        "-j DROP",
    ]


def _forward(walls: Walls) -> list[str]:
    resolvers = [
        f"-d {address} -p {protocol} -m {protocol} --dport 53 -j RETURN"
        for address in _CLOUD_RESOLVERS
        for protocol in ("udp", "tcp")
    ]
    uplinks = [name for name in walls.uplinks if name.startswith(_LOCAL_NETWORKS)]
    return [
        *(f"-i {bridge} -j DROP" for bridge in walls.closed),
        *(f"-o {bridge} -j DROP" for bridge in walls.bridges),
        "-m conntrack --ctstate DNAT -j DROP",  # a port of this host that a container publishes
        *resolvers,
        *(f"-d {addresses} -j DROP" for addresses in METADATA),
        *(f"-o {name} -j RETURN" for name in uplinks),
        *(f"-o {start}+ -j DROP" for start in _LOCAL_NETWORKS),
    ]


def wanted_jumps(walls: Walls, table: str) -> list[str]:
    """Return the rules that lead into the two chains: for packets from the bridges only.

    Docker hands on the packets of containers through its chain for rules of others, where it has
    one in this table; otherwise they are met where Docker would put it.
    """
    chains = Chains.of(walls.prefix)
    forward = _DOCKERS if f"\n:{_DOCKERS} " in table else "FORWARD"
    return [
        f"-A {first} -i {bridge} -j {chain}"
        for bridge in walls.bridges
        for first, chain in (("INPUT", chains.input), (forward, chains.forward))
    ]


def is_in_place(walls: Walls, family: Family, table: str) -> bool:
    """Return whether a table, as ``iptables-save`` writes it, holds the rules and no others."""
    jumps = wanted_jumps(walls, table)
    return (
        _rules_of(table, walls.prefix) == wanted_rules(walls, family)
        and sorted(_jumps_of(table, walls.prefix)) == sorted(jumps)
        and all(_is_reached(jump, table) for jump in jumps)
    )


def find_missing(walls: Walls, family: Family, table: str) -> list[str]:
    """Return the wanted rules that are not there, or that a rule of somebody else stands before."""
    there = _added(table)
    missing = [rule for rule in wanted_rules(walls, family) if rule not in there]
    return missing + [jump for jump in wanted_jumps(walls, table) if not _is_reached(jump, table)]


def render_changes(walls: Walls, family: Family, table: str) -> str:
    """Return what ``iptables-restore --noflush`` takes to put the rules up, in one step."""
    chains = Chains.of(walls.prefix)
    lines = [f":{chain} - [0:0]" for chain in (chains.input, chains.forward)]  # makes or empties it
    lines += wanted_rules(walls, family)
    lines += _deletions(table, walls.prefix)
    lines += [re.sub(r"^-A (\S+)", r"-I \1 1", jump) for jump in wanted_jumps(walls, table)]
    return _transaction(lines)


def render_removal(prefix: str, table: str) -> str:
    """Return what ``iptables-restore --noflush`` takes to remove all rules; empty without any."""
    chains = _chains_in(table, prefix)
    if not chains:
        return ""
    lines = _deletions(table, prefix)
    lines += [f"-F {chain}" for chain in chains]
    lines += [f"-X {chain}" for chain in chains]
    return _transaction(lines)


def _transaction(lines: Sequence[str]) -> str:
    return "\n".join(["*filter", *lines, "COMMIT", ""])


def _deletions(table: str, prefix: str) -> list[str]:
    return [jump.replace("-A ", "-D ", 1) for jump in _jumps_of(table, prefix)]


def _added(table: str) -> list[str]:
    return [line for line in table.splitlines() if line.startswith("-A ")]


def _rules_of(table: str, prefix: str) -> list[str]:
    chains = Chains.of(prefix)
    rules = _added(table)
    return [r for chain in (chains.input, chains.forward) for r in rules if _is_of(r, chain)]


def _is_of(rule: str, chain: str) -> bool:
    return rule.startswith(f"-A {chain} ")


def _jumps_of(table: str, prefix: str) -> list[str]:
    chains = Chains.of(prefix)
    ends = tuple(
        f" {how} {chain}" for how in ("-j", "-g") for chain in (chains.input, chains.forward)
    )
    return [rule for rule in _added(table) if rule.endswith(ends)]


def _chains_in(table: str, prefix: str) -> list[str]:
    chains = Chains.of(prefix)
    return [c for c in (chains.input, chains.forward) if f"\n:{c} " in table]


def _is_reached(jump: str, table: str) -> bool:
    """Return whether a jump is there and no rule before it may let its packets pass."""
    chain = jump.split()[1]
    rules = [rule for rule in _added(table) if _is_of(rule, chain)]
    if jump not in rules:
        return False
    before = rules[: rules.index(jump)]
    return not any(_PASSES.search(rule) and "ESTABLISHED" not in rule for rule in before)


# -- applying


def find_uplinks() -> tuple[str, ...]:
    """Return the interfaces of this host's default routes."""
    rows = [line.split() for line in Path("/proc/net/route").read_text("ascii").splitlines()[1:]]
    return tuple(sorted({row[0] for row in rows if row[1] == "00000000"}))


def ensure_walls(walls: Walls) -> bool:
    """Put the rules up unless they are; return whether anything had to be done.

    Raises:
        FirewallError: they are not up; says why.
    """
    for bridge in walls.bridges:
        try:
            socket.if_nametoindex(bridge)
        except OSError as error:
            raise FirewallError(
                f"the bridge {bridge} is not on this machine, as with a remote or rootless engine"
            ) from error
    changed = [_ensure_family(walls, family) for family in families()]
    return any(changed)


def _ensure_family(walls: Walls, family: Family) -> bool:
    is_seen = sees_bridged(family)
    if not is_seen:
        _run("sysctl", "-q", "-w", bridge_switch(family))
    table = read_table(family)
    if is_in_place(walls, family, table):
        return not is_seen
    _restore(family, render_changes(walls, family, table))
    if not is_in_place(walls, family, read_table(family)):
        raise FirewallError(f"{family} took the rules and does not list them")
    return True


def bridge_switch(family: Family) -> str:
    """Return the kernel's switch that shows the firewall what one container sends to another."""
    return f"net.bridge.bridge-nf-call-{family}=1"


def sees_bridged(family: Family) -> bool:
    """Return whether that switch is on; Docker sets it, other programs unset it."""
    name, _, value = bridge_switch(family).partition("=")
    path = Path("/proc/sys", name.replace(".", "/"))
    return path.exists() and path.read_text("ascii").strip() == value


def remove_walls(prefix: str) -> list[str]:
    """Remove the rules of an installation; return the chains that there were.

    Raises:
        FirewallError: some are still there; says why.
    """
    removed = []
    for family in families():
        table = read_table(family)
        if removal := render_removal(prefix, table):
            _restore(family, removal)
            removed += [f"{family} chain {chain}" for chain in _chains_in(table, prefix)]
    return removed


def families() -> list[Family]:
    """Return what packets this host knows: without IPv6 there is nothing to wall."""
    return ["iptables", "ip6tables"] if Path("/proc/net/if_inet6").exists() else ["iptables"]


def read_table(family: Family) -> str:
    """Return the filter table as ``iptables-save`` writes it.

    Raises:
        FirewallError: it cannot be read; says why.
    """
    return _run(f"{family}-save", "-t", "filter")


def _restore(family: Family, changes: str) -> None:
    _run(f"{family}-restore", "--noflush", "-w", _LOCK_SECONDS, changes=changes)


def _run(program: str, *arguments: str, changes: str = "") -> str:
    path = find_program(program)
    if path is None:
        raise FirewallError(f"{program} is not installed (Debian: apt-get install iptables)")
    command = [*_as_root(), path, *arguments]
    try:
        done = subprocess.run(
            command, input=changes, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise FirewallError(f"{program} does not end") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        if last.startswith("sudo:"):
            raise FirewallError("this user may not change the host's firewall")
        raise FirewallError(f"{program} failed: {last}")
    return done.stdout


def _as_root() -> list[str]:
    if os.geteuid() == 0:
        return []
    sudo = find_program("sudo")
    if sudo is None:
        raise FirewallError("this user may not change the host's firewall")
    return [sudo, "-n", "--"]
