"""Folders as dictionaries, and merges between them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_kit.files.errors import NotThereError
from twinhub_kit.files.paths import RelativePath
from twinhub_library.merging import FileMark

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PLACE = RelativePath.parse("alice/models/tank")
LABEL = "yours 2026-11-26"


@dataclass(frozen=True)
class Files:
    """One side of a merge, as text by path; a path that ends with ``*`` is executable."""

    texts: Mapping[str, bytes]

    def list_files(self) -> Mapping[str, FileMark]:
        return {
            path.rstrip("*"): FileMark(hashlib.sha256(text).hexdigest(), path.endswith("*"))
            for path, text in self.texts.items()
        }

    def read(self, path: str) -> bytes:
        for one in (path, f"{path}*"):
            if one in self.texts:
                return self.texts[one]
        raise NotThereError(path)


def write_files(folder: Path, texts: Mapping[str, bytes]) -> None:
    for path, text in texts.items():
        file = folder / path.rstrip("*")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
        file.chmod(0o755 if path.endswith("*") else 0o644)


def read_files(folder: Path) -> dict[str, bytes]:
    return {
        f"{path.relative_to(folder)}{'*' if path.stat().st_mode & 0o100 else ''}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
