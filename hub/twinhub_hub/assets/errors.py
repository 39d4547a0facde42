"""What can go wrong with assets on the host."""

from __future__ import annotations


class AssetsError(Exception):
    """Assets cannot be put in place; the text says which file and what to do."""


class UnsafePathError(AssetsError):
    """Something on the way is a symbolic link or of another kind than it must be."""


class BuildError(AssetsError):
    """An FMU cannot be built from its sources."""
