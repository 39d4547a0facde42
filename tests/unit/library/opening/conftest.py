"""The library with something published, and doubles of what imports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from twinhub_library.library import Library, open_library
from twinhub_library.opening.opening import Opening
from twinhub_library.settings import LibrarySettings, OpenLinkSettings

from tests.unit.library.opening.doubles import BobPublished, CopyingImporter, CountingGit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLLECTION = """\
title: Digital twins
summary: The course of **this** autumn.
items:
  - heading: Week 1
    text: Begin *here*. <script>alert(1)</script>
  - asset: common/models/tank/start.ipynb@1.0.0
    title: First steps
    text: Run all cells.
  - asset: common/models/tank
  - asset: common/models/gone
"""


def publish(root: Path, name: str, version: str, files: dict[str, str]) -> None:
    """Publish a version of an asset as the library does: content by digest, and links to it."""
    content = root / "common/.store" / f"{name.replace('/', '-')}-{version}"
    for path, text in files.items():
        (content / path).parent.mkdir(parents=True, exist_ok=True)
        (content / path).write_text(text)
    folder = root / "common" / name.partition("/")[0]
    folder.mkdir(parents=True, exist_ok=True)
    base = name.partition("/")[2]
    target = f"../.store/{content.name}"
    (folder / f"{base}@{version}").symlink_to(target)
    (folder / base).unlink(missing_ok=True)
    (folder / base).symlink_to(target)


@pytest.fixture(name="library_settings")
def _library_settings(library_root: Path, tmp_path: Path) -> LibrarySettings:
    tank = {"README.md": "# Heated tank\n\nWater in a tank.\n", "start.ipynb": "{}"}
    publish(library_root, "models/tank", "1.0.0", tank)
    publish(library_root, "models/tank", "1.1.0", tank | {"new.txt": "new", "start.ipynb": "[]"})
    publish(library_root, "data/course", "1.0.0", {"collection.yaml": "title: Older\n"})
    publish(library_root, "data/course", "1.1.0", {"collection.yaml": COLLECTION})
    publish(library_root, "data/broken", "1.0.0", {"collection.yaml": "items: [{asset: x}]\n"})
    return LibrarySettings(
        library_root, tmp_path / "state", open_links=OpenLinkSettings(("gitlab.test",))
    )


@pytest.fixture(name="importer")
def _importer(library_root: Path) -> CopyingImporter:
    return CopyingImporter(library_root)


@pytest.fixture(name="git")
def _git() -> CountingGit:
    return CountingGit()


@pytest.fixture(name="library")
def _library(
    library_settings: LibrarySettings, importer: CopyingImporter, git: CountingGit
) -> Iterator[Library]:
    with open_library(library_settings) as library:
        before = library.opening
        opening = Opening(
            library.tree, before.openings, importer, git, before.clock,
            BobPublished(),
        )  # fmt: skip
        yield replace(library, opening=opening)
