"""`twinhub render`: files for other programs, printed and never written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub.installation import Installation, default_home
from twinhub_hub.operate import compose, units
from twinhub_hub.operate.errors import OperateError
from twinhub_hub.settings.loading import load_settings

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `twinhub`."""
    parser = subparsers.add_parser(
        "render",
        help="print a unit for systemd, or a file for Docker Compose",
        description=(
            "Print a file for another program, made for this installation, this user and the "
            "folder that this command is in. Writes nothing."
        ),
    )
    parser.add_argument(
        "WHAT",
        choices=("systemd", "compose"),
        metavar="WHAT",
        help="systemd: a unit; compose: a file for Docker Compose",
    )
    parser.add_argument(
        "--user", action="store_true", help="for the systemd of this user, not of the host"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the file."""
    installation = Installation(default_home())
    loaded = load_settings(installation.settings_file)
    service = units.describe(installation, loaded.settings)
    if arguments.WHAT == "compose":
        if arguments.user:
            raise OperateError("--user is for `twinhub render systemd`.")
        print(compose.render_compose(service, loaded), end="")
    else:
        render = units.render_user_unit if arguments.user else units.render_system_unit
        print(render(service), end="")
    return 0
