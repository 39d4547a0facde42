"""Which assets there are, by the names in the folders of kinds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_dtconfig.references import AssetKind
from twinhub_kit.files.paths import RelativePath
from twinhub_library.areas import THE_COMMON_AREA, Area
from twinhub_library.catalogue import find_asset, list_assets, list_roots, list_versions
from twinhub_library.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALICE = Area(AreaKind.PRIVATE, "alice")
LAB = Area(AreaKind.TEAM, "lab")


@pytest.fixture(name="tree")
def _tree(tmp_path: Path) -> Iterator[Tree]:
    with Tree(tmp_path) as tree:
        yield tree


def make(root: Path, *paths: str) -> None:
    for path in paths:
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            place.mkdir()
        else:
            place.write_text("x")


def publish(root: Path, kind: str, name: str, *versions: str) -> None:
    folder = root / "common" / kind
    folder.mkdir(parents=True, exist_ok=True)
    for version in versions:
        make(root, f"common/.store/{name}-{version}/README.md")
        (folder / f"{name}@{version}").symlink_to(f"../.store/{name}-{version}")
    (folder / name).symlink_to(f"../.store/{name}-{versions[-1]}")


def listed(tree: Tree, area: Area, kind: AssetKind | None = None) -> list[str]:
    return [str(asset.path) for asset in list_assets(tree, area, kind)]


def found(tree: Tree, path: str) -> str | None:
    asset = find_asset(tree, RelativePath.parse(path))
    return str(asset.path) if asset else None


def test_folders_and_single_files_below_a_kind_are_assets(tree: Tree, tmp_path: Path) -> None:
    make(
        tmp_path, "alice/models/tank/tank.fmu", "alice/models/x.fmu", "alice/data/a.csv",
        "alice/notes.txt", "alice/other/file",
    )  # fmt: skip
    assert listed(tree, ALICE) == ["alice/data/a.csv", "alice/models/tank", "alice/models/x.fmu"]
    assert listed(tree, ALICE, AssetKind.DATA) == ["alice/data/a.csv"]
    assert [asset.is_folder for asset in list_assets(tree, ALICE)] == [False, True, False]


@pytest.mark.parametrize(
    "name",
    [".hidden", ".twinhub-0123", "a.csv~", "a.tmp", "a.part", "~$a.xlsx", "#a#", "__pycache__",
     ".a.swp", "bad\nname", "Thumbs.db"],
)  # fmt: skip
def test_hidden_names_and_temporaries_do_not_count(tree: Tree, tmp_path: Path, name: str) -> None:
    make(tmp_path, f"alice/models/{name}/x", "alice/models/tank/x")
    assert listed(tree, ALICE) == ["alice/models/tank"]
    if "\n" not in name:
        assert found(tree, f"alice/models/{name}") is None


def test_what_is_neither_file_nor_folder_does_not_count(tree: Tree, tmp_path: Path) -> None:
    make(tmp_path, "alice/models/tank/x", "bob/models/secret/x")
    os.mkfifo(tmp_path / "alice/models/pipe")
    (tmp_path / "alice/models/stolen").symlink_to("../../bob/models/secret")
    (tmp_path / "alice/models/out").symlink_to("/etc")
    (tmp_path / "alice/models/nowhere").symlink_to("absent")
    (tmp_path / "alice/models/own").symlink_to("tank")
    assert listed(tree, ALICE) == ["alice/models/own", "alice/models/tank"]
    assert found(tree, "alice/models/stolen/x") is None


@pytest.mark.parametrize(
    ("names", "assets"),
    [
        (["x.fmu", "x.md"], {"x.fmu": ("x.md",)}),
        (["x.fmu", "x.md", "x.asset.yaml"], {"x.fmu": ("x.md", "x.asset.yaml")}),
        (["x.fmu", "x.csv", "x.md"], {"x.csv": ("x.md",), "x.fmu": ("x.md",)}),
        (["x.md"], {"x.md": ()}),
        (["x.md", "x.asset.yaml"], {"x.md": ("x.asset.yaml",)}),
        (["x.asset.yaml"], {"x.asset.yaml": ()}),
        (["x", "x.md"], {"x": ("x.md",)}),
        (["x.tar.gz", "x.tar.gz.md"], {"x.tar.gz": ("x.tar.gz.md",)}),
        (["x.fmu", "y.md"], {"x.fmu": (), "y.md": ()}),
    ],
)
def test_a_text_beside_a_file_belongs_to_it(
    tree: Tree, tmp_path: Path, names: list[str], assets: dict[str, tuple[str, ...]]
) -> None:
    make(tmp_path, *(f"alice/models/{name}" for name in names))
    assert {one.name: one.companions for one in list_assets(tree, ALICE)} == assets
    owners = {name: next(iter(sorted(assets))) for one in assets.values() for name in one}
    for name in names:
        assert found(tree, f"alice/models/{name}") == f"alice/models/{owners.get(name, name)}"


def test_published_versions_are_one_asset_and_the_newest_is_listed(
    tree: Tree, tmp_path: Path
) -> None:
    publish(tmp_path, "models", "tank", "1.0.0", "1.10.0", "1.9.0")
    make(tmp_path, "common/models/bare@0.1.0/x", "common/models/plain/x")
    assets = {one.name: one for one in list_assets(tree, THE_COMMON_AREA)}
    assert {name: (str(one.path), one.version) for name, one in assets.items()} == {
        "bare": ("common/models/bare@0.1.0", "0.1.0"),
        "plain": ("common/models/plain", None),
        "tank": ("common/models/tank", "1.10.0"),
    }
    assert list_versions(tree, assets["tank"]) == ["1.10.0", "1.9.0", "1.0.0"]
    old = find_asset(tree, RelativePath.parse("common/models/tank@1.0.0/README.md"))
    assert old is not None
    assert (old.name, old.version, str(old.path)) == ("tank", "1.0.0", "common/models/tank@1.0.0")
    assert found(tree, "common/models/tank@3.0.0") is None


def test_only_the_common_area_has_versions(tree: Tree, tmp_path: Path) -> None:
    make(tmp_path, "teams/lab/models/tank@1.0.0/x", "teams/lab/models/tank/x")
    assert listed(tree, LAB) == ["teams/lab/models/tank", "teams/lab/models/tank@1.0.0"]


def test_a_folder_elsewhere_that_holds_kinds_is_a_further_root(tree: Tree, tmp_path: Path) -> None:
    make(
        tmp_path, "alice/models/own/x", "alice/examples/pump/models/m/x",
        "alice/examples/pump/digital_twins/t/twin.yaml", "alice/models/own/data/inner.csv",
        "alice/.hidden/models/h/x", "alice/node_modules/models/n/x", "alice/teams/lab/models/t/x",
        "alice/common/models/c/x", "alice/1/2/3/4/models/deep/x", "alice/1/2/3/4/5/models/deeper/x",
    )  # fmt: skip
    (tmp_path / "alice/link").symlink_to("examples/pump")
    assert listed(tree, ALICE) == [
        "alice/models/own", "alice/1/2/3/4/models/deep", "alice/examples/pump/digital_twins/t",
        "alice/examples/pump/models/m",
    ]  # fmt: skip
    pump = find_asset(tree, RelativePath.parse("alice/examples/pump/models/m/x"))
    assert pump is not None
    assert str(pump.root) == "alice/examples/pump"
    assert found(tree, "alice/models/own/data/inner.csv") == "alice/models/own"
    for path in (
        "alice/.hidden/models/h", "alice/node_modules/models/n", "alice/teams/lab/models/t",
        "alice/common/models/c", "alice/1/2/3/4/5/models/deeper", "alice/link/models/m",
        "alice/examples/pump", "alice/models", "alice", ".", "alice/notes.txt", ".library/models/x",
    ):  # fmt: skip
        assert found(tree, path) is None, path


def test_an_area_that_is_not_there_is_empty(tree: Tree) -> None:
    assert listed(tree, ALICE) == []
    assert [str(root) for root in list_roots(tree, ALICE)] == ["alice"]
