"""`twinhub backup` and `restore`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_hub.installation import Installation, default_home
from twinhub_hub.operate.backup import back_up
from twinhub_hub.operate.errors import OperateError
from twinhub_hub.operate.restore import restore
from twinhub_hub.operate.steps import Steps
from twinhub_hub.operate.up import load_running
from twinhub_hub.settings.models import PREFIX

if TYPE_CHECKING:
    import argparse

_MIB = 2**20


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the two commands."""
    parser = subparsers.add_parser("backup", help="write all of a running installation to a file")
    parser.add_argument("file", type=Path, metavar="FILE", help="the archive to make, a tar")
    parser.set_defaults(run=run_backup)
    parser = subparsers.add_parser("restore", help="make an installation from such a file")
    parser.add_argument("--prefix", default="", help="another engine.prefix than the archive has")
    parser.add_argument("file", type=Path, metavar="FILE", help="the archive")
    parser.set_defaults(run=run_restore)


def run_backup(arguments: argparse.Namespace) -> int:
    """Write the archive; return 1 if something could not be read."""
    context = load_running(Installation(default_home()))
    written = back_up(context, arguments.file, Steps())
    size = f"{written.members} files and folders, {written.size / _MIB:.1f} MiB"
    print(f"{arguments.file} is written: {size}.")
    print(
        "It holds passwords, tokens and everybody's files: keep it where nobody else can read it."
    )
    if not written.is_complete:
        print("It is NOT COMPLETE: the lines above and its manifest say what could not be read.")
    return 0 if written.is_complete else 1


def run_restore(arguments: argparse.Namespace) -> int:
    """Make the installation and say how to start it."""
    if arguments.prefix and not re.fullmatch(PREFIX, arguments.prefix):
        raise OperateError(f"{arguments.prefix!r} is no prefix: use a to z, 0 to 9 and hyphens.")
    installation = Installation(default_home())
    restored = restore(installation, arguments.file, Steps(), prefix=arguments.prefix)
    print(f"{installation.home} is restored, with the prefix {restored.prefix}.")
    print("Start it with: twinhub up")
    return 0
