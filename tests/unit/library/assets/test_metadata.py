"""What is said about an asset, and that nothing said badly hides it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.paths import RelativePath
from twinhub_library.catalogue import find_asset, list_assets
from twinhub_library.metadata import read_metadata
from twinhub_library.tree import Tree

from tests.fuzz.hostile import inputs
from tests.unit.library.assets.test_catalogue import ALICE, make, publish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_library.assets import Metadata

HOSTILE = inputs.everything()
TANK = "alice/models/tank"
FULL = """\
title: Heated tank
summary: Warm water.
version: 1.2.0
licence: Apache-2.0 OR MIT
authors: [Ada, Grace]
keywords: [heat]
requires: [common/tools/master@^1.0]
"""


@pytest.fixture(name="tree")
def _tree(tmp_path: Path) -> Iterator[Tree]:
    with Tree(tmp_path) as tree:
        yield tree


def read(tree: Tree, path: str) -> Metadata:
    asset = find_asset(tree, RelativePath.parse(path))
    assert asset is not None
    return read_metadata(tree, asset)


def write(root: Path, path: str, text: str | bytes) -> None:
    make(root, path)
    (root / path).write_bytes(text if isinstance(text, bytes) else text.encode())


def test_an_asset_yaml_says_everything(tree: Tree, tmp_path: Path) -> None:
    write(tmp_path, f"{TANK}/asset.yaml", FULL)
    found = read(tree, TANK)
    assert (found.title, found.summary, found.version) == ("Heated tank", "Warm water.", "1.2.0")
    assert (found.licence, found.authors) == ("Apache-2.0 OR MIT", ("Ada", "Grace"))
    assert (found.keywords, found.requires) == (("heat",), ("common/tools/master@^1.0",))
    assert (found.faults, found.source) == ((), "asset.yaml")


def test_a_single_file_has_its_own_beside_it(tree: Tree, tmp_path: Path) -> None:
    write(tmp_path, "alice/models/x.asset.yaml", "title: An FMU\n")
    write(tmp_path, "alice/models/x.md", "# Other\n\nIt is text.\n")
    make(tmp_path, "alice/models/x.fmu")
    found = read(tree, "alice/models/x.fmu")
    assert (found.title, found.summary, found.source) == ("An FMU", "It is text.", "x.asset.yaml")


def test_a_twin_says_it_in_its_own_file(tree: Tree, tmp_path: Path) -> None:
    twin = (
        "format: 1\nname: t\ntitle: The twin\nowner: ada\nkeywords: [k]\nphases: {execute: ./run}\n"
        "uses: {a: models/x, b: {twin: common/digital_twins/c@1}, d: models/x,"
        " e: {url: 'https://example.org/x'}}\n"
    )
    write(tmp_path, "alice/digital_twins/t/twin.yaml", twin)
    write(tmp_path, "alice/digital_twins/t/asset.yaml", "title: not this one\n")
    write(tmp_path, f"{TANK}/twin.yaml", twin)
    found = read(tree, "alice/digital_twins/t")
    assert (found.title, found.authors, found.source) == ("The twin", ("ada",), "twin.yaml")
    assert found.requires == ("models/x", "common/digital_twins/c@1")
    assert read(tree, TANK).source == ""


def test_a_broken_twin_still_says_what_is_right_in_it(tree: Tree, tmp_path: Path) -> None:
    twin = "format: 9\nname: t\ntitle: The twin\nsummary: 7\nphases: {}\nlicense: MIT\n"
    write(tmp_path, "alice/digital_twins/t/twin.yaml", twin)
    found = read(tree, "alice/digital_twins/t")
    assert found.title == "The twin"
    assert found.summary == ""
    assert any(fault.startswith("twin.yaml:1:9: format") for fault in found.faults)


@pytest.mark.parametrize(
    ("files", "title", "summary"),
    [
        ({"README.md": "# Tank *one*\n\nIt [fills](x).\n"}, "Tank one", "It fills."),
        ({"readme.md": "# Small\n", "description.md": "Said here.\n"}, "Small", "Said here."),
        ({"README.md": "# Big\n", "readme.md": "# Small\n"}, "Big", ""),
        ({"description.md": "# D\n\nBoth.\n"}, "D", "Both."),
        ({"README.md": "\ufeff# Marked\n"}, "Marked", ""),
        ({"README.md": "no heading"}, "tank", "no heading"),
        ({"other.txt": "x"}, "tank", ""),
    ],
)
def test_without_one_the_texts_say_it(
    tree: Tree, tmp_path: Path, files: dict[str, str], title: str, summary: str
) -> None:
    for name, text in files.items():
        write(tmp_path, f"{TANK}/{name}", text)
    found = read(tree, TANK)
    assert (found.title, found.summary, found.faults) == (title, summary, ())


def test_a_published_file_has_the_text_of_its_version(tree: Tree, tmp_path: Path) -> None:
    for name in ("x.fmu@1.0.0", "x.md@1.0.0", "x.fmu@2.0.0", "x.md@2.0.0"):
        write(tmp_path, f"common/models/{name}", f"# {name}\n")
    assert read(tree, "common/models/x.fmu@1.0.0").title == "x.md@1.0.0"
    assert read(tree, "common/models/x.fmu@2.0.0").title == "x.md@2.0.0"


def test_a_published_folder_is_read_through_its_link(tree: Tree, tmp_path: Path) -> None:
    publish(tmp_path, "models", "tank", "1.0.0")
    (tmp_path / "common/.store/tank-1.0.0/README.md").write_text("# Published\n")
    assert read(tree, "common/models/tank").title == "Published"


@pytest.mark.d4(27)
@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_content_is_told_with_its_line_and_hides_nothing(
    tree: Tree, tmp_path: Path, name: str
) -> None:
    content, _ = HOSTILE[name]
    write(tmp_path, f"{TANK}/asset.yaml", content)
    write(tmp_path, f"{TANK}/README.md", "# Still here\n")
    begun = time.thread_time()
    found = read(tree, TANK)
    assert time.thread_time() - begun < 2
    assert found.title
    assert found.faults[0].startswith("asset.yaml:"), found.faults
    assert len(found.faults) <= 20
    assert len(list(list_assets(tree, ALICE))) == 1


@pytest.mark.d4(23)
def test_what_is_no_file_is_told_too(tree: Tree, tmp_path: Path) -> None:
    make(tmp_path, f"{TANK}/x", "bob/models/secret/asset.yaml")
    os.mkfifo(tmp_path / TANK / "asset.yaml")
    os.mkfifo(tmp_path / TANK / "README.md")
    assert "no file with content" in read(tree, TANK).faults[0]
    (tmp_path / TANK / "asset.yaml").unlink()
    (tmp_path / TANK / "asset.yaml").symlink_to("../../../bob/models/secret/asset.yaml")
    found = read(tree, TANK)
    assert "leads out" in found.faults[0]
    assert found.title == "tank"


def test_an_asset_that_ends_meanwhile_has_no_metadata(tree: Tree, tmp_path: Path) -> None:
    write(tmp_path, f"{TANK}/asset.yaml", FULL)
    asset = find_asset(tree, RelativePath.parse(TANK))
    assert asset is not None
    (tmp_path / TANK).rename(tmp_path / "elsewhere")
    assert read_metadata(tree, asset).title == "tank"
