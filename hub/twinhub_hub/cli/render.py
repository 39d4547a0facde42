"""`twinhub render`: files for other programs, printed and never written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub.installation import Installation, default_home
from twinhub_hub.operate import units
from twinhub_hub.settings.loading import load_settings

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `twinhub`."""
    parser = subparsers.add_parser(
        "render",
        help="print a unit for systemd",
        description=(
            "Print a file for another program, made for this installation, this user and the "
            "folder that this command is in. Writes nothing."
        ),
    )
    parser.add_argument("WHAT", choices=("systemd",), metavar="WHAT", help="systemd: a unit")
    parser.add_argument(
        "--user", action="store_true", help="for the systemd of this user, not of the host"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the unit."""
    installation = Installation(default_home())
    settings = load_settings(installation.settings_file).settings
    render = units.render_user_unit if arguments.user else units.render_system_unit
    print(render(units.describe(installation, settings)), end="")
    return 0
