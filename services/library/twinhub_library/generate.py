"""Writes the library's descriptions into the checkout: ``python -m twinhub_library.generate``.

A tool of the checkout, as `twinhub_hub.cli.generate` is, which must not know the library.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_kit.callers import Caller, OpenIdentity

from twinhub_library.graphql.schema import SCHEMA
from twinhub_library.library import open_library
from twinhub_library.main import make_library_application
from twinhub_library.settings import LibrarySettings

if TYPE_CHECKING:
    from collections.abc import Sequence

OPENAPI, GRAPHQL = "config/schemas/library.openapi.json", "config/schemas/library.graphql"


def generated_files() -> dict[str, str]:
    """Return the text of every generated file by its path in the checkout."""
    with tempfile.TemporaryDirectory() as folder:
        settings = LibrarySettings(Path(folder) / "assets", Path(folder) / "state")
        with open_library(settings) as library:
            application = make_library_application(library, OpenIdentity(Caller("user")))
            description = application.openapi()
    text = json.dumps(description, indent=1, ensure_ascii=False, sort_keys=True)
    return {OPENAPI: f"{text}\n", GRAPHQL: f"{SCHEMA.as_str()}\n"}


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files that differ."""
    parser = argparse.ArgumentParser(description="Write the descriptions of the library.")
    parser.add_argument("--root", type=Path, default=Path(), help="the checkout (default: here)")
    root = parser.parse_args(argv).root
    for name, text in generated_files().items():
        path = root / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            sys.stdout.write(f"{path} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
