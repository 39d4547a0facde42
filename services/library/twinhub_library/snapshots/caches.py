"""What programs make anew by themselves, and so has no previous versions."""

from __future__ import annotations

from twinhub_library.ignoring import BY_DEFAULT

_FOLDERS = frozenset(
    {
        ".cache", ".venv", "node_modules", ".mypy_cache",
        ".ruff_cache", ".pytest_cache", ".tox", ".nox", ".conda", ".npm", ".gradle", ".Trash-1000",
        *(one.rstrip("/") for one in BY_DEFAULT if one.endswith("/")),
    }
)  # fmt: skip
_FILES = frozenset(one for one in BY_DEFAULT if not one.endswith("/"))


def is_cache(path: str, is_folder: bool) -> bool:  # noqa: FBT001 - as `Rules` asks
    """Return whether a path below an area is a cache of programs."""
    return path.rpartition("/")[2] in (_FOLDERS if is_folder else _FILES)
