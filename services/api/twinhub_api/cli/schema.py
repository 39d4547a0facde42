"""``twin schema``: what editors complete and check ``twin.yaml`` with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.schema import render_schema

from twinhub_api.cli.command import GOOD

if TYPE_CHECKING:
    import argparse


def run(_: argparse.Namespace) -> int:
    """Print the JSON Schema."""
    print(render_schema(), end="")
    return GOOD
