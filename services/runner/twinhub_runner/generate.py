"""Writes the runner's description into the checkout: ``python -m twinhub_runner.generate``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_kit.callers import Caller, OpenIdentity

from twinhub_runner.backends.process import ProcessBackend
from twinhub_runner.main import make_runner_application
from twinhub_runner.runner import open_runner
from twinhub_runner.settings import RunnerSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

OPENAPI = "config/schemas/runner.openapi.json"


def generated_text() -> str:
    """Return the text of the description."""
    with tempfile.TemporaryDirectory() as folder:
        settings = RunnerSettings(Path(folder) / "assets", Path(folder) / "state")
        with open_runner(settings, ProcessBackend(settings.runs)) as runner:
            application = make_runner_application(runner, OpenIdentity(Caller("user")))
            description = application.openapi()
    return f"{json.dumps(description, indent=1, ensure_ascii=False, sort_keys=True)}\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the file if it differs."""
    parser = argparse.ArgumentParser(description="Write the description of the runner.")
    parser.add_argument("--root", type=Path, default=Path(), help="the checkout (default: here)")
    path = parser.parse_args(argv).root / OPENAPI
    text = generated_text()
    if not path.is_file() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")
        sys.stdout.write(f"{path} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
