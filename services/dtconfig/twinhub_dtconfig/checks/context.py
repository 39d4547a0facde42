"""What the checks of a twin look at: its configuration, its folder, the library."""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from twinhub_dtconfig.assets import AssetError
from twinhub_dtconfig.faults import Fault, nearest_key
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.references import BadReferenceError, Reference

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from twinhub_dtconfig.assets import AssetTree
    from twinhub_dtconfig.cosimulation import System
    from twinhub_dtconfig.fmu import FmuError, ModelDescription
    from twinhub_dtconfig.loading import LoadedTwin
    from twinhub_dtconfig.models.twin import Twin

Result = Finding | Fault
"""What a check yields: a finding in ``twin.yaml``, or a fault in another file."""

_USED = re.compile(r"\$\{uses\.([A-Za-z][A-Za-z0-9_-]*)\}(/.*)?")
_WORKSPACE = "/workspace/"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path leads; ``is_judged`` is false where only a run could tell."""

    path: Path | None
    is_judged: bool = True


UNKNOWN = Place(None, is_judged=False)


@dataclass(slots=True)
class Context:
    """One check of one twin; files are read at most once."""

    loaded: LoadedTwin
    folder: Path
    assets: AssetTree | None
    services: Collection[str] | None
    systems: dict[str, System] = field(default_factory=dict)
    models: dict[Path, ModelDescription | FmuError] = field(default_factory=dict)

    @property
    def twin(self) -> Twin:
        """The twin that is checked."""
        return self.loaded.twin

    def shown(self, path: Path) -> str:
        """Return a path as messages show it: relative to the twin's folder where it is below."""
        return str(path.relative_to(self.folder)) if path.is_relative_to(self.folder) else str(path)

    def find(self, text: str, base: Path | None = None) -> Place:
        """Return where a path of the twin, or of a file in the folder ``base``, leads.

        ``${uses.alias}`` and paths below ``/workspace`` lead into the library; nothing is followed
        out of the twin's folder and the library.
        """
        text = unquote(text.removeprefix("file://")) if text.startswith("file://") else text
        if (used := _USED.fullmatch(text)) is not None:
            return self._find_used(used[1], (used[2] or "").strip("/"))
        if "${" in text:
            return UNKNOWN
        if text.startswith("/"):
            return self._find_absolute(text)
        for folder in (base or self.folder, self.folder):
            found = folder / text
            if os.path.lexists(found):
                return Place(found) if self._is_inside(found) else Place(None)
        return Place(None)

    def makes(self, path: str) -> bool:
        """Tell whether a path of the twin's folder is made by a file, a build or a phase."""
        return any(matches(path, pattern) for pattern in self._made())

    def nearest(self, path: str) -> str | None:
        """Return the path in the twin's folder that was probably meant, where it is close."""
        head, _, name = path.rpartition("/")
        folder = self.folder / head
        try:
            names = [] if not self._is_inside(folder) else os.listdir(folder)  # noqa: PTH208
        except (OSError, ValueError):
            names = []
        found = nearest_key(name, sorted(names)[:1000])
        return posixpath.join(head, found) if found else None

    def _made(self) -> Iterator[str]:
        yield from (file.to for file in self.twin.files)
        for step in self.twin.build.values():
            yield from step.outputs
        for phase in self.twin.phases.values():
            yield from phase.outputs

    def _find_used(self, alias: str, rest: str) -> Place:
        use = self.twin.uses.get(alias)
        text = None if use is None else use.asset or use.twin
        if self.assets is None or text is None:
            return UNKNOWN
        return self._locate(text, rest)

    def _find_absolute(self, text: str) -> Place:
        if not text.startswith(_WORKSPACE) or self.assets is None:
            return UNKNOWN
        return self._locate(text.removeprefix(_WORKSPACE), "")

    def _locate(self, text: str, rest: str) -> Place:
        assert self.assets is not None  # noqa: S101 # both callers looked
        try:
            found = self.assets.locate(Reference.parse(text))
        except (AssetError, BadReferenceError):
            return Place(None)
        if not rest:
            return Place(found)
        below = found / rest
        return Place(below if below.exists() and self.assets.contains(below) else None)

    def _is_inside(self, path: Path) -> bool:
        try:
            resolved = path.resolve(strict=True)
        except (OSError, RuntimeError, ValueError):  # absent, or a circle of links
            return False
        in_library = self.assets is not None and self.assets.contains(path)
        return in_library or resolved.is_relative_to(self.folder.resolve())


def matches(path: str, pattern: str) -> bool:
    """Tell whether a path fits a pattern in which ``**`` stands for any number of folders."""
    path, pattern = posixpath.normpath(path), posixpath.normpath(pattern)
    if path == pattern or path.startswith(f"{pattern}/"):
        return True
    if "**" in pattern:
        return fnmatch.fnmatchcase(path, pattern.replace("**/", "*").replace("**", "*"))
    same_depth = path.count("/") == pattern.count("/")
    return same_depth and fnmatch.fnmatchcase(path, pattern)
