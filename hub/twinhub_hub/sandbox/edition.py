"""An edition: what a sandbox has in place of an image, made by ``operate.environments``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CURRENT = "current"
"""Link in the environments' folder to the edition that new workspaces get."""

ENVIRONMENT_FILE = "environment.json"
"""What the image's ``ENV`` lines set."""


def current_edition(environments: Path) -> Path:
    """Return the edition that new workspaces get.

    Raises:
        FileNotFoundError: there is none.
    """
    return (environments / CURRENT).resolve(strict=True)


def environment_of(edition: Path) -> dict[str, str]:
    """Return the variables of every workspace."""
    found: dict[str, str] = json.loads((edition / ENVIRONMENT_FILE).read_text("utf-8"))
    return found
