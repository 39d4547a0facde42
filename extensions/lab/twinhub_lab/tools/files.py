"""Files of the page of a tool that has no server of its own for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_INDEX = "index.html"


def find_file(folder: Path | None, path: str) -> Path | None:
    """Return the file of a folder at a path of an address; None where there is none inside it."""
    if folder is None or "\0" in path:
        return None
    root = folder.resolve()
    found = (root / (path.lstrip("/") or _INDEX)).resolve()
    return found if found.is_relative_to(root) and found.is_file() else None
