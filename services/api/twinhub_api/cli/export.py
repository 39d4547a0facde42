"""``twin export``: a twin as lifecycle scripts that run without TwinHub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_dtconfig.export import ExportError, export_dtaas

from twinhub_api.cli.command import GOOD, CommandError
from twinhub_api.cli.terminal import safe, terminal_of
from twinhub_api.cli.twins import open_sound

if TYPE_CHECKING:
    import argparse


def run(arguments: argparse.Namespace) -> int:
    """Write the export, and print where it is and how it differs from the twin."""
    opened = open_sound(arguments.path)
    try:
        report = export_dtaas(opened.loaded, Path(arguments.dtaas), folder=opened.folder)
    except ExportError as error:
        raise CommandError(safe(str(error))) from error
    print(f"{safe(str(report.folder))}: {len(report.files)} files")
    if report.left_out:
        print("\nWhat is not as in the twin:")
        rows = [(safe(one.path), safe(one.what)) for one in report.left_out]
        print(terminal_of().table(rows, indent=2))
    return GOOD
