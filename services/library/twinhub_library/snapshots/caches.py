"""What programs make anew by themselves, and so has no previous versions."""

from __future__ import annotations

_FOLDERS = frozenset(
    {
        "__pycache__", ".ipynb_checkpoints", ".cache", ".venv", "node_modules", ".mypy_cache",
        ".ruff_cache", ".pytest_cache", ".tox", ".nox", ".conda", ".npm", ".gradle", ".Trash-1000",
    }
)  # fmt: skip


def is_cache(path: str, is_folder: bool) -> bool:  # noqa: FBT001 - as `Rules` asks
    """Return whether a path below an area is a cache of programs."""
    return is_folder and path.rpartition("/")[2] in _FOLDERS
