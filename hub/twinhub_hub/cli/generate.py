"""Writes what is generated from the models into the checkout.

A tool of the checkout, no sub-command of `twinhub`: ``python -m twinhub_hub.cli.generate``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_dtconfig.asset_reference import render_files as render_assets
from twinhub_dtconfig.reference import render_files as render_language

from twinhub_hub.settings.reference import render_files as render_settings

if TYPE_CHECKING:
    from collections.abc import Sequence


def generated_files() -> dict[str, str]:
    """Return the text of every generated file by its path in the checkout."""
    return {**render_settings(), **render_language(), **render_assets()}


def main(argv: Sequence[str] | None = None) -> int:
    """Write the generated files; with ``--check`` only say which differ, and return 1 if any."""
    parser = argparse.ArgumentParser(description="Write schema, defaults and reference.")
    parser.add_argument("--check", action="store_true", help="write nothing, list what differs")
    parser.add_argument("--root", type=Path, default=Path(), help="the checkout (default: here)")
    arguments = parser.parse_args(argv)
    stale = {
        arguments.root / name: text
        for name, text in generated_files().items()
        if not _holds(arguments.root / name, text)
    }
    for path, text in stale.items():
        print(f"{path} is out of date" if arguments.check else f"{path} written")
        if not arguments.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if stale and arguments.check else 0


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
