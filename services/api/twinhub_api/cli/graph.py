"""``twin graph``: a twin as a flowchart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.graph import draw_twin

from twinhub_api.cli.command import GOOD
from twinhub_api.cli.twins import open_sound

if TYPE_CHECKING:
    import argparse


def run(arguments: argparse.Namespace) -> int:
    """Print the source of a Mermaid flowchart."""
    print(draw_twin(open_sound(arguments.path).twin), end="")
    return GOOD
