"""`twinhub walls`: the host's firewall, for root where another user runs `twinhub up`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub.installation import Installation, default_home
from twinhub_hub.operate import firewall, up, walls
from twinhub_hub.operate.errors import FirewallError

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `twinhub`."""
    parser = subparsers.add_parser(
        "walls",
        help="put up the firewall rules around workspaces, as root",
        description=(
            "Put up the rules of the host's firewall that keep workspaces to the hub's API and the "
            "outside. `twinhub up` does so itself where it may; this is for root where it may not."
        ),
    )
    parser.add_argument(
        "--remove", metavar="PREFIX", help="remove those of the installation with this prefix"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Put up the walls of the installation, or remove those of a prefix."""
    if arguments.remove:
        removed = firewall.remove_walls(arguments.remove)
        print("\n".join(f"Removed {chain}" for chain in removed) or "There are none.")
        return 0
    wanted = walls.walls_of(up.find_running(Installation(default_home())))
    if wanted is None:
        raise FirewallError("This installation has no bridge: run `twinhub up` with Docker first.")
    print("Walls: put up" if firewall.ensure_walls(wanted) else "Walls: in place")
    return 0
