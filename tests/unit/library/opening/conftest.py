"""The library with something published by its instructor, and bob as the owner of the tank."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.paths import RelativePath
from twinhub_kit.quotas import QuotaSettings
from twinhub_library.catalogue import find_asset
from twinhub_library.library import Library, open_library
from twinhub_library.publishing.publisher import Wish
from twinhub_library.settings import LibrarySettings, OpenLinkSettings

from tests.fixtures.library import CALLERS
from tests.unit.library.opening.doubles import CountingGit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.testclient import TestClient

COLLECTION = """\
title: Digital twins
summary: The course of **this** autumn.
items:
  - heading: Week 1
    text: Begin *here*. <script>alert(1)</script>
  - asset: common/models/tank/start.md@1.0.0
    title: First steps
    text: Run all cells.
  - asset: common/models/tank
  - asset: common/models/gone
"""
_README = "# Heated tank\n\nWater in a tank.\n"
_START = "# Start\n\none\n\ntwo\n\nthree\n"
PUBLISHED = (
    ("models/tank", "1.0.0", {"README.md": _README, "start.md": _START}),
    (
        "models/tank", "1.1.0",
        {"README.md": _README, "start.md": _START.replace("two", "TWO"), "new.txt": "new"},
    ),
    ("models/pump", "1.0.0", {"pump.txt": "x"}),
    ("data/course", "1.0.0", {"collection.yaml": "title: Older\n"}),
    ("data/course", "1.1.0", {"collection.yaml": COLLECTION}),
    ("data/broken", "1.0.0", {"collection.yaml": "items: [{asset: x}]\n"}),
)  # fmt: skip


def publish(library: Library, root: Path, name: str, version: str, files: dict[str, str]) -> None:
    """Publish a version of an asset as an instructor does."""
    caller = CALLERS["instructor"]
    folder = root / caller.label / name
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    asset = find_asset(library.tree, RelativePath.parse(f"{caller.label}/{name}"))
    assert asset
    publisher = library.publishing.publisher
    publisher.put(caller, publisher.prepare(caller, Wish(asset, version)))


@pytest.fixture(name="published", scope="session")
def _published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the assets root and the state of a library in which all is published."""
    made = tmp_path_factory.mktemp("published")
    root = made / "assets"
    (root / "common").mkdir(parents=True)
    with open_library(LibrarySettings(root, made / "state")) as library:
        for one in PUBLISHED:
            publish(library, root, *one)
        publisher = library.publishing.publisher
        publisher.transfer(CALLERS["instructor"], "models", "tank", "user:bob")
    return made


@pytest.fixture(name="library_settings")
def _library_settings(library_root: Path, tmp_path: Path, published: Path) -> LibrarySettings:
    shutil.copytree(published / "assets", library_root, symlinks=True, dirs_exist_ok=True)
    shutil.copytree(published / "state", tmp_path / "state", symlinks=True)
    return LibrarySettings(
        library_root, tmp_path / "state", open_links=OpenLinkSettings(("gitlab.test",)),
        quota=QuotaSettings(users={"bob": 1}, free_bytes=0), site_title="Pumps & Co",
    )  # fmt: skip


@pytest.fixture(name="git")
def _git() -> CountingGit:
    return CountingGit()


@pytest.fixture(name="library")
def _library(library_settings: LibrarySettings, git: CountingGit) -> Iterator[Library]:
    with open_library(library_settings) as library:
        library.opening.use_git(git)
        yield library


@pytest.fixture(name="alice")
def _alice(client_of: Callable[[str], TestClient], library_root: Path) -> TestClient:
    """Return the client of alice, who has no models and follows no redirect by herself."""
    shutil.rmtree(library_root / "alice/models")
    client = client_of("alice")
    client.follow_redirects = False
    return client
