"""An importer for tests of open links: it copies, and keeps a file that both sides changed."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from twinhub_library.opening.faults import WithdrawnError
from twinhub_library.opening.importing import Brought, FileOutcome, Standing, State
from twinhub_library.paths import RelativePath

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_kit.callers import Caller
    from twinhub_library.assets import Asset
    from twinhub_library.errors import LibraryError
    from twinhub_library.opening.links import AssetLink, GitLink


class CopyingImporter:
    """Brings folders; what it brought is in ``.library/imports``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.refusal: LibraryError | None = None
        self.brought = 0

    def look(self, caller: Caller, asset: Asset) -> Standing:
        place = RelativePath((caller.label, asset.kind, asset.name))
        known = self._record(place)
        if known is None:
            is_there = (self.root / str(place)).exists()
            return Standing(State.OTHER if is_there else State.ABSENT, place)
        is_newest = known["version"] == (asset.version or "")
        return Standing(State.CURRENT if is_newest else State.BEHIND, place, known["version"])

    def bring(self, caller: Caller, asset: Asset) -> Brought:
        if self.refusal:
            raise self.refusal
        self.brought += 1
        place = self.look(caller, asset).place
        source, target = (self.root / str(asset.path)).resolve(), self.root / str(place)
        known = self._record(place) or {"files": {}}
        files = [
            self._bring_file(one, target / one.relative_to(source), target, known["files"])
            for one in sorted(source.rglob("*")) if one.is_file()
        ]  # fmt: skip
        content = {
            str(one.relative_to(source)): one.read_text()
            for one in source.rglob("*") if one.is_file()
        }  # fmt: skip
        file = self._file(place)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"version": asset.version or "", "files": content}))
        return Brought(place, asset.version or "", tuple(files))

    @staticmethod
    def _bring_file(source: Path, target: Path, top: Path, base: dict[str, str]) -> FileOutcome:
        path = str(target.relative_to(top))
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copy(source, target)
            return FileOutcome(path, "added")
        mine, theirs = target.read_text(), source.read_text()
        if mine == theirs:
            return FileOutcome(path, "unchanged")
        if mine == base.get(path):
            target.write_text(theirs)
            return FileOutcome(path, "updated")
        if theirs == base.get(path):
            return FileOutcome(path, "kept")
        copy = target.with_name(f"{target.stem} (mine){target.suffix}")
        target.rename(copy)
        target.write_text(theirs)
        return FileOutcome(path, "conflict", str(copy.relative_to(top)))

    def _file(self, place: RelativePath) -> Path:
        return self.root / ".library" / "imports" / f"{'-'.join(place.names)}.json"

    def _record(self, place: RelativePath) -> dict[str, Any] | None:
        file = self._file(place)
        return json.loads(file.read_text()) if file.exists() else None


class CountingGit:
    """Clones nothing, and tells so."""

    def __init__(self) -> None:
        self.state = State.ABSENT
        self.asked: list[GitLink] = []

    def look(self, caller: Caller, link: GitLink) -> Standing:
        return Standing(self.state, RelativePath((caller.label, *link.target.names)), "abc1234")

    def bring(self, caller: Caller, link: GitLink) -> Brought:
        self.asked.append(link)
        self.state = State.BEHIND
        place = RelativePath((caller.label, *link.target.names))
        return Brought(place, "abc1234", (FileOutcome("a.ipynb", "added"),))


class BobPublished:
    """Bob has published the tank, and withdrawn the pump."""

    def is_publisher(self, caller: Caller, subject: str) -> bool:
        return (caller.name, subject) == ("bob", "common/models/tank")

    def find_withdrawn(self, link: AssetLink) -> WithdrawnError | None:
        return WithdrawnError("pump was withdrawn.") if link.name == "pump" else None
