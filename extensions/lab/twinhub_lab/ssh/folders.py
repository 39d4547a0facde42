"""Where SSH keeps what it needs, and how that is written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_PRIVATE_FOLDER = 0o700


def runtime_folder() -> Path:
    """Return the folder of this run of the workspace, which its user alone can open."""
    folder = Path(os.environ.get("JUPYTER_RUNTIME_DIR", "/tmp/twinhub-runtime"), "ssh")  # noqa: S108
    folder.mkdir(_PRIVATE_FOLDER, parents=True, exist_ok=True)
    return folder


def data_folder() -> Path:
    """Return the folder in the home, which outlives the workspace."""
    return private_folder(Path.home() / ".local" / "share" / "twinhub" / "ssh")


def private_folder(folder: Path) -> Path:
    """Make a folder that its owner alone can open, unless it is there, and return it."""
    folder.mkdir(_PRIVATE_FOLDER, parents=True, exist_ok=True)
    return folder


def write_private(path: Path, text: str) -> None:
    """Replace a file by one that its owner alone can read; never half of it is there."""
    handle, aside = tempfile.mkstemp(prefix=".new-", dir=path.parent)  # 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except OSError:
        Path(aside).unlink(missing_ok=True)
        raise
