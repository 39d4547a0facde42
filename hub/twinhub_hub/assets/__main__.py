"""Puts the common assets in place: ``python -m twinhub_hub.assets --source … --root … --uid N``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from twinhub_hub.assets.errors import AssetsError
from twinhub_hub.assets.install import install_common


def main(arguments: list[str] | None = None) -> int:
    """Install, report on standard output, and return the exit code: 0, or 1 with a message."""
    parser = argparse.ArgumentParser(prog="python -m twinhub_hub.assets", description=__doc__)
    parser.add_argument("--source", type=Path, required=True, help="folder with common assets")
    parser.add_argument("--root", type=Path, required=True, help="assets root on this host")
    parser.add_argument("--uid", type=int, required=True, help="owner of new files")
    options = parser.parse_args(arguments)
    try:
        report = install_common(options.source, options.root, uid=options.uid)
    except (AssetsError, OSError) as error:
        sys.stderr.write(f"common assets: {error}\n")
        return 1
    for path in report.kept:
        sys.stdout.write(f"kept, because it was changed here: {path}\n")
    sys.stdout.write(
        f"common assets: {len(report.installed)} installed, {len(report.unchanged)} unchanged, "
        f"{len(report.kept)} kept\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
