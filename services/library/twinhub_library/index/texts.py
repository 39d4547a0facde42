"""The words in one file of an asset, by its suffix: Markdown, notebooks, YAML, FMUs."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from twinhub_dtconfig.fmu import FmuError, read_model_description

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.tree import Tree

MOST_CHARACTERS = 96 * 1024
"""Of all texts of one asset."""
MOST_CHARACTERS_OF_A_FILE = 32 * 1024
_MOST_BYTES_READ = 24 << 20
"""Of all files of one asset."""
_LARGEST_NOTEBOOK = 8 << 20
_LARGEST_DESCRIPTION = 4 << 20
_MOST_VARIABLES = 5_000


class Budget:
    """How much of an asset may still be read."""

    def __init__(self) -> None:
        """Begin with all that there is."""
        self._characters, self._bytes = MOST_CHARACTERS, _MOST_BYTES_READ

    def take(self, text: str) -> str:
        """Return as much of a text as there is room for."""
        taken = text[: min(self._characters, MOST_CHARACTERS_OF_A_FILE)]
        self._characters -= len(taken)
        return taken

    def may_read(self, size: int) -> bool:
        """Return whether a file of so many bytes may be read, and count it."""
        if size > self._bytes or self._characters <= 0:
            return False
        self._bytes -= size
        return True


def _read_plain(tree: Tree, path: RelativePath, budget: Budget) -> str:
    content = _read(tree, path, MOST_CHARACTERS_OF_A_FILE, budget)
    return content.decode(errors="replace").removeprefix("\ufeff")


def _read_notebook(tree: Tree, path: RelativePath, budget: Budget) -> str:
    """Return the sources of all cells: what ran is not what somebody wrote (nbformat 4)."""
    content = _read(tree, path, _LARGEST_NOTEBOOK + 1, budget)
    if len(content) > _LARGEST_NOTEBOOK:
        return ""
    try:
        return "\n\n".join(_sources(json.loads(content)))
    except (ValueError, RecursionError):
        return ""


def _sources(notebook: object) -> Iterator[str]:
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    for cell in cells if isinstance(cells, list) else ():
        source = cell.get("source") if isinstance(cell, dict) else None
        if isinstance(source, str):
            yield source
        elif isinstance(source, list):
            yield "".join(line for line in source if isinstance(line, str))


def _read_fmu(tree: Tree, path: RelativePath, budget: Budget) -> str:
    """Return the names of a model and of its variables."""
    file = tree.open_file(path)
    try:
        if not budget.may_read(min(os.fstat(file).st_size, _LARGEST_DESCRIPTION)):
            return ""
        model = read_model_description(
            Path(f"/proc/self/fd/{file}"), limit_bytes=_LARGEST_DESCRIPTION
        )
    except FmuError:
        return ""
    finally:
        os.close(file)
    names = itertools.islice(model.variables, _MOST_VARIABLES)
    return "\n".join((model.name, *names))


def _read(tree: Tree, path: RelativePath, most: int, budget: Budget) -> bytes:
    with os.fdopen(tree.open_file(path), "rb", buffering=0) as file:
        if not budget.may_read(min(os.fstat(file.fileno()).st_size, most)):
            return b""
        parts = []
        while most > 0 and (part := file.read(min(most, 1 << 20))):
            parts.append(part)
            most -= len(part)
        return b"".join(parts)


READERS: Mapping[str, Callable[[Tree, RelativePath, Budget], str]] = {
    "md": _read_plain,
    "yaml": _read_plain,
    "ipynb": _read_notebook,
    "fmu": _read_fmu,
}
"""What reads a file, by its suffix in small letters."""
