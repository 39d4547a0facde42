"""What the checks of a twin look at: its configuration, its folder, the library."""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from twinhub_dtconfig.assets import AssetError
from twinhub_dtconfig.checks.paths import PathIndex
from twinhub_dtconfig.faults import Fault, nearest_key
from twinhub_dtconfig.finding import Finding
from twinhub_dtconfig.fmu import MEMBER
from twinhub_dtconfig.references import BadReferenceError, Reference

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

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
    bases: dict[str, Path] = field(default_factory=dict)
    """What paths in a file are relative to, where that is not the file's own folder."""
    models: dict[Path, ModelDescription | FmuError] = field(default_factory=dict)
    hints_left: int = 20
    """How many names of variables may still be compared with all of a model."""
    _made: PathIndex | None = None

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
        if self._made is None:
            self._made = PathIndex(self._find_made())
        return bool(self._made.owners(path))

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

    def _find_made(self) -> Iterator[tuple[str, str]]:
        for step in self.twin.build.values():
            yield from ((output, "") for output in step.outputs)
        for phase in self.twin.phases.values():
            yield from ((output, "") for output in phase.outputs)
        yield from ((file.to, "") for file in self.twin.files)

    def find_sources(self, text: str) -> Path | None:
        """Return the folder that a model is to be built in, if its description is there."""
        used = _USED.fullmatch(text)
        use = self.twin.uses.get(used[1]) if used is not None and not used[2] else None
        if use is not None and use.asset is not None:
            return find_model_sources(self.assets, use.asset)
        folder = self.find(posixpath.dirname(text) or ".").path
        return folder if folder is not None and is_file(folder / MEMBER) else None

    def _find_used(self, alias: str, rest: str) -> Place:
        use = self.twin.uses.get(alias)
        text = None if use is None else use.asset or use.twin
        if self.assets is None or text is None:
            return UNKNOWN
        found = self._locate(text, rest)
        return found if rest or found.path is not None else UNKNOWN  # it was said of the alias

    def _find_absolute(self, text: str) -> Place:
        if "\0" not in text and self._is_inside(Path(text)):
            return Place(Path(text))
        if not text.startswith(_WORKSPACE) or self.assets is None:
            return UNKNOWN
        below = text.removeprefix(_WORKSPACE)
        found = self._locate(below, "")
        if found.path is None and self.assets.own is not None and "\0" not in text:
            path = self.assets.own / below
            return Place(path if self.assets.contains(path) else None)
        return found

    def _locate(self, text: str, rest: str) -> Place:
        assert self.assets is not None  # noqa: S101 # both callers looked
        try:
            found = self.assets.locate(Reference.parse(text))
        except (AssetError, BadReferenceError):
            return Place(None)
        if not rest:
            return Place(found)
        below = found / rest
        return Place(below if self.assets.contains(below) else None)

    def _is_inside(self, path: Path) -> bool:
        try:
            resolved = path.resolve(strict=True)
        except (OSError, RuntimeError, ValueError):  # absent, or a circle of links
            return False
        in_library = self.assets is not None and self.assets.contains(path)
        return in_library or resolved.is_relative_to(self.folder.resolve())


def find_model_sources(assets: AssetTree | None, reference: str) -> Path | None:
    """Return the folder of an asset in which an FMU is to be built, or None."""
    parts = Reference.parse(reference)
    if assets is None or not parts.path.endswith(".fmu"):
        return None
    try:
        folder = assets.locate(replace(parts, path=posixpath.dirname(parts.path)))
    except AssetError:
        return None
    return folder if is_file(folder / MEMBER) else None


def is_file(path: Path) -> bool:
    """Tell whether a regular file is there that may be seen."""
    try:
        return path.is_file()
    except OSError:
        return False
