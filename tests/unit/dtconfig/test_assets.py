"""Assets in folders: what is found, which version, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.assets import AssetError, AssetTree
from twinhub_dtconfig.references import Area, AssetKind, Reference

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="tree")
def _tree(tmp_path: Path) -> AssetTree:
    for name in (
        "workspace/models/own/a.fmu",
        "workspace/models/.git/config",
        "workspace/common/models/tank@1.0.0/tank.fmu",
        "workspace/common/models/tank@1.2.0/tank.fmu",
        "workspace/common/models/tank@1.10.0-rc.1/tank.fmu",
        "workspace/common/models/pump/pump.fmu",
        "workspace/common/models/pump@0.9.0/pump.fmu",
        "workspace/common/models/me@home.txt",
        "workspace/common/models/valve.fmu@2.0.0",
        "workspace/teams/lab/data/profile.csv",
        "outside/secret",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return AssetTree.below(tmp_path / "workspace")


def locate(tree: AssetTree, text: str) -> str:
    found = tree.locate(Reference.parse(text))
    assert tree.own is not None
    return str(found.relative_to(tree.own))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("models/own", "models/own"),
        ("models/own/a.fmu", "models/own/a.fmu"),
        ("common/models/tank", "common/models/tank@1.2.0"),
        ("common/models/tank/tank.fmu", "common/models/tank@1.2.0/tank.fmu"),
        ("common/models/tank@1.0", "common/models/tank@1.0.0"),
        ("common/models/tank@^1.0", "common/models/tank@1.2.0"),
        ("common/models/tank@1.10.0-rc.1", "common/models/tank@1.10.0-rc.1"),
        ("common/models/pump", "common/models/pump"),
        ("common/models/pump@0", "common/models/pump@0.9.0"),
        ("common/models/valve.fmu@2", "common/models/valve.fmu@2.0.0"),
        ("teams/lab/data/profile.csv", "teams/lab/data/profile.csv"),
        ("common/models/pump@sha256:" + "0" * 64, "common/models/pump"),
    ],
)
def test_the_newest_version_that_fits_is_found(tree: AssetTree, text: str, path: str) -> None:
    assert locate(tree, text) == path


@pytest.mark.parametrize(
    ("text", "words", "nearest"),
    [
        ("models/ownn", "there is no models/ownn", "models/own"),
        ("common/models/tnak", "there is no common/models/tnak", "common/models/tank"),
        ("models/tank", "there is no models/tank", "common/models/tank"),
        ("common/data/profile.csv", "there is no common/data", "teams/lab/data/profile.csv"),
        ("tools/quite-different", "tools is empty", None),
        ("common/models/quite-different", "has me@home.txt, pump, tank, valve.fmu", None),
        ("common/models/tank@2", "no version of common/models/tank fits '@2'", None),
        ("common/models/absent@2", "there is no common/models/absent", None),
        ("common/models/me@1.0.0", "there is no common/models/me", None),
        ("models/own/b.fmu", "models/own has no b.fmu", "models/own/a.fmu"),
        ("models/own/deep/er", "models/own has no deep/er", None),
        ("models/own/a.fmu/x", "has no a.fmu/x", None),
        ("teams/labb/data/x", "there is no team 'labb'", "teams/lab"),
    ],
)
def test_what_is_not_there_is_said_with_the_nearest(
    tree: AssetTree, text: str, words: str, nearest: str | None
) -> None:
    with pytest.raises(AssetError, match=words) as caught:
        tree.locate(Reference.parse(text))
    assert caught.value.nearest == nearest
    assert caught.value.remedy or nearest


def test_a_pin_on_an_asset_without_versions_is_refused(tree: AssetTree) -> None:
    assert tree.common is not None
    (tree.common / "tools/master").mkdir(parents=True)
    with pytest.raises(AssetError, match="has no versions; remove '@1'"):
        tree.locate(Reference.parse("common/tools/master@1"))


def test_names_come_once_and_without_versions_or_hidden_folders(tree: AssetTree) -> None:
    common = tree.list_names(Area.COMMON, None, AssetKind.MODELS)
    assert common == ["me@home.txt", "pump", "tank", "valve.fmu"]
    assert tree.list_names(Area.PRIVATE, None, AssetKind.MODELS) == ["own"]
    assert tree.list_names(Area.TEAM, "other", AssetKind.MODELS) == []


def test_links_within_the_library_are_followed(tree: AssetTree) -> None:
    assert tree.own is not None
    (tree.own / "models/linked").symlink_to("../common/models/pump")
    assert locate(tree, "models/linked/pump.fmu") == "models/linked/pump.fmu"


@pytest.mark.parametrize("target", ["../../outside", "/etc", "loop", "absent"])
def test_a_link_that_leads_out_or_nowhere_is_refused(tree: AssetTree, target: str) -> None:
    assert tree.own is not None
    (tree.own / "models/loop").symlink_to("loop")
    (tree.own / "models/linked").symlink_to(target)
    with pytest.raises(AssetError, match="leads out of the library"):
        tree.locate(Reference.parse("models/linked"))


def test_a_link_below_an_asset_that_leads_out_is_refused(tree: AssetTree) -> None:
    assert tree.own is not None
    (tree.own / "models/own/deep").symlink_to("../../../outside")
    with pytest.raises(AssetError, match="leads out of the library"):
        tree.locate(Reference.parse("models/own/deep/secret"))


def test_an_area_that_is_not_given_is_said_to_be_unavailable(tmp_path: Path) -> None:
    tree = AssetTree(tmp_path)
    with pytest.raises(AssetError, match="the common assets are not available here"):
        tree.locate(Reference.parse("common/models/tank"))
    with pytest.raises(AssetError, match="you are in no team"):
        tree.locate(Reference.parse("teams/lab/models/tank"))
