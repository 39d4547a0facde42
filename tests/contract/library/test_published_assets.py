"""What the library publishes is what references in twins find, and what an installation leaves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.assets import AssetError, AssetTree
from twinhub_dtconfig.references import Reference
from twinhub_hub.assets.install import install_common
from twinhub_kit.files.paths import RelativePath
from twinhub_library.catalogue import find_asset
from twinhub_library.publishing.errors import NameTakenError
from twinhub_library.publishing.publisher import Wish
from twinhub_library.testing import CrashPoints

from tests.unit.library.publishing.bench import ALICE, opened

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_library.publishing.part import Publishing
    from twinhub_library.tree import Tree


def _publish(tree: Tree, part: Publishing, path: str, version: str) -> None:
    asset = find_asset(tree, RelativePath.parse(path))
    assert asset is not None
    part.publisher.put(ALICE, part.publisher.prepare(ALICE, Wish(asset, version)))


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    """Return a library in which folders and a single file are published."""
    models = tmp_path / "root/alice/models"
    (models / "tank/sub").mkdir(parents=True)
    (models / "pump").mkdir()
    (models / "pump/a").write_text("a")
    (models / "pump.md").write_text("# Pump\n")
    with CrashPoints(), opened(tmp_path / "root", is_new=True) as (tree, part):
        for version in ("1.0.0", "1.1.0", "2.0.0-rc.1"):
            (models / "tank/sub/a.txt").write_text(version)
            (models / "x.fmu").write_text(version)
            (models / "x.md").write_text(version)
            _publish(tree, part, "alice/models/tank", version)
            _publish(tree, part, "alice/models/x.fmu", version)
        _publish(tree, part, "alice/models/pump", "1.0.0")
    return tmp_path / "root"


def _locate(root: Path, text: str) -> Path:
    return AssetTree(root / "alice", root / "common").locate(Reference.parse(text))


@pytest.mark.parametrize(
    ("pin", "version"),
    [("", "1.1.0"), ("@1.0.0", "1.0.0"), ("@^1.0", "1.1.0"), ("@2.0.0-rc.1", "2.0.0-rc.1")],
)
def test_reference_finds_the_version_of_a_folder_of_a_file_in_it_and_of_a_single_file(
    root: Path, pin: str, version: str
) -> None:
    assert (_locate(root, f"common/models/tank{pin}") / "sub/a.txt").read_text() == version
    assert _locate(root, f"common/models/tank/sub/a.txt{pin}").read_text() == version
    assert _locate(root, f"common/models/x.fmu{pin}").read_text() == version
    assert _locate(root, f"common/models/x.fmu{pin}").resolve().suffix == ".fmu"


def test_reference_finds_a_folder_that_has_a_text_beside_it(root: Path) -> None:
    assert (_locate(root, "common/models/pump") / "a").read_text() == "a"
    assert _locate(root, "common/models/pump.md").read_text() == "# Pump\n"


def test_withdrawn_version_is_found_by_its_exact_number_alone(root: Path) -> None:
    with opened(root) as (_, part):
        row = part.publisher.versions.get("models", "tank", "1.1.0")
        part.publisher.withdraw(ALICE, row, why="wrong")
    assert (_locate(root, "common/models/tank@1.1.0") / "sub/a.txt").read_text() == "1.1.0"
    assert (_locate(root, "common/models/tank@^1") / "sub/a.txt").read_text() == "1.0.0"
    with pytest.raises(AssetError, match=r"1\.0\.0"):
        _locate(root, "common/models/tank@1.1.1")
    assert AssetTree(None, root / "common").list_versions(
        Reference.parse("common/models/tank")
    ) == ["1.0.0", "2.0.0-rc.1"]


def test_links_of_versions_lead_nowhere_but_into_the_common_area(root: Path) -> None:
    links = [one for one in (root / "common").rglob("*") if one.is_symlink()]
    assert len(links) > 10
    for link in links:
        assert not link.readlink().is_absolute()
        assert link.resolve(strict=True).is_relative_to(root / "common/.store")


def test_installing_common_assets_leaves_what_is_published_under_their_names(
    root: Path, tmp_path: Path
) -> None:
    shipped = tmp_path / "shipped"
    for name in ("models/tank/sub/a.txt", "models/x.fmu/a", "data/weather/a.csv"):
        (shipped / name).parent.mkdir(parents=True)
        (shipped / name).write_text("shipped")
    before = {one: one.readlink() for one in (root / "common").rglob("*") if one.is_symlink()}
    report = install_common(shipped, root, uid=os.getuid())
    assert sorted(report.installed) == ["data/weather/a.csv"]
    assert sorted(report.kept) == ["models/tank/sub/a.txt", "models/x.fmu/a"]
    assert before == {
        one: one.readlink() for one in (root / "common").rglob("*") if one.is_symlink()
    }
    assert _locate(root, "common/models/tank/sub/a.txt").read_text() == "1.1.0"


def test_name_of_an_installed_asset_is_not_published_over(root: Path, tmp_path: Path) -> None:
    shipped = tmp_path / "shipped/models/valve/a"
    shipped.parent.mkdir(parents=True)
    shipped.write_text("shipped")
    install_common(tmp_path / "shipped", root, uid=os.getuid())
    (root / "alice/models/valve").mkdir()
    (root / "alice/models/valve/a").write_text("mine")
    with opened(root) as (tree, part), pytest.raises(NameTakenError, match="another name"):
        _publish(tree, part, "alice/models/valve", "1.0.0")
    assert (root / "common/models/valve/a").read_text() == "shipped"
