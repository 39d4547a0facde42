"""A twin's folder and a library around it, as the tests of checks need them."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_dtconfig.assets import AssetTree
from twinhub_dtconfig.checks import check_twin
from twinhub_dtconfig.loading import parse_twin

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

HEAD = "format: 1\nname: tank\n"


@dataclass
class Workspace:
    """A workspace with one twin in it."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "digital_twins" / "tank"

    def write(self, path: str, content: str = "x", *, mode: int = 0o644) -> Path:
        """Write a file: below the twin's folder, or with a leading '/' below the workspace."""
        target = self.root / path[1:] if path.startswith("/") else self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        target.chmod(mode)
        return target

    def check(self, text: str, services: Collection[str] | None = None) -> list[str]:
        """Return the faults of a twin, which needs neither head nor phases."""
        body = HEAD + textwrap.dedent(text)
        if "phases:" not in body:
            body += "phases: {execute: run-it}\n"
        self.folder.mkdir(parents=True, exist_ok=True)
        loaded = parse_twin(body.encode())
        faults = check_twin(loaded, self.folder, AssetTree.below(self.root), services)
        return [str(fault).replace(f"{self.root}/", "") for fault in faults]
