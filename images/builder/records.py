"""What was built when: one JSON file for each build, outside of checkouts and installations."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from images.builder.errors import RecordsError
from images.builder.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT = 20
"""How many builds of one tag are kept."""


def default_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder in the user's state directory (``XDG_STATE_HOME``)."""
    state = environment.get("XDG_STATE_HOME", "")
    base = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    return base / "twinhub" / "images"


class Records:
    """The manifests in a folder, by tag, newest first."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; it is made with the first record."""
        self._folder = folder

    def of(self, tag: str) -> tuple[Manifest, ...]:
        """Return the builds of a tag, newest first.

        Raises:
            RecordsError: a record cannot be read.
        """
        return tuple(_load(path) for path in reversed(self._files(tag)))

    def add(self, manifest: Manifest) -> Path:
        """Keep a manifest, whole or not at all; the oldest beyond ``KEPT`` go.

        Raises:
            RecordsError: the folder cannot be written.
        """
        name = f"{manifest.built:%Y%m%dT%H%M%S.%fZ}.json"
        path = self._folder_of(manifest.tag) / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{os.getpid()}.part")
            part.write_text(f"{manifest.model_dump_json(indent=1)}\n", "utf-8")
            part.replace(path)
            for old in self._files(manifest.tag)[:-KEPT]:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise RecordsError(
                f"{path} cannot be written: {error.strerror}; --records names another folder"
            ) from error
        return path

    def _folder_of(self, tag: str) -> Path:
        return self._folder / tag.replace("/", "_").replace(":", "_")

    def _files(self, tag: str) -> list[Path]:
        return sorted(self._folder_of(tag).glob("*.json"))


def _load(path: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise RecordsError(f"{path} is no record of a build: remove it ({error})") from error
