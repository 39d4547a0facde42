"""The library and a workspace agree on which assets there are and what a reference leads to."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twinhub_dtconfig.assets import AssetError, AssetTree
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_dtconfig.references import AssetKind, Reference
from twinhub_kit.callers import Caller
from twinhub_kit.files.paths import RelativePath
from twinhub_library.areas import THE_COMMON_AREA, Area
from twinhub_library.catalogue import find_asset, list_assets
from twinhub_library.listing import Listing
from twinhub_library.requirements import Resolver
from twinhub_library.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

ALICE, LAB = Area(AreaKind.PRIVATE, "alice"), Area(AreaKind.TEAM, "lab")
CALLER = Caller("alice", frozenset({"lab"}))

_STEMS = st.sampled_from(["x", "tank", "x.y", "a b", "é", "model", "common", "data"])
_SUFFIXES = st.sampled_from(["", "", ".fmu", ".md", ".csv", ".asset.yaml", ".tmp", "~", ".part"])
_PREFIXES = st.sampled_from(["", "", "", ".", "~$", "#"])
_VERSIONS = st.sampled_from(
    ["", "", "@1.0.0", "@1.2.0", "@1.10.0", "@2.0.0-rc.1", "@home", "@1.2", "@0.1.0+b.1"]
)
_NAMES = st.builds("{}{}{}{}".format, _PREFIXES, _STEMS, _SUFFIXES, _VERSIONS)
_ENTRIES = st.dictionaries(_NAMES, st.booleans(), max_size=8)
_PINS = st.sampled_from(["", "", "@1", "@1.2", "@1.0.0", "@^1.0", "@>=1,<3", "@2.0.0-rc.1", "@9"])


def fill(folder: Path, entries: dict[str, bool]) -> None:
    """Make files and folders in the folder of a kind."""
    folder.mkdir(parents=True)
    for name, is_folder in entries.items():
        if is_folder:
            (folder / name).mkdir()
        else:
            (folder / name).write_text("x")


def names_in(tree: Tree, area: Area) -> list[str]:
    return [asset.name for asset in list_assets(tree, area, AssetKind.MODELS)]


@settings(max_examples=30)
@example(own={}, team={}, common={"x": False, "x.md": False}, names=[], pin="")
@example(
    own={}, team={}, common={"x@1.2.0": False, "x.md@1.2.0": False}, names=[], pin=""
)  # fmt: skip
@given(own=_ENTRIES, team=_ENTRIES, common=_ENTRIES, names=st.lists(_NAMES, max_size=4), pin=_PINS)
def test_both_name_the_same_assets_and_resolve_references_alike(
    own: dict[str, bool], team: dict[str, bool], common: dict[str, bool],
    names: list[str], pin: str,
) -> None:  # fmt: skip
    with TemporaryDirectory() as folder:
        root = Path(folder)
        fill(root / "alice/models", own)
        fill(root / "teams/lab/models", team)
        fill(root / "common/models", common)
        workspace = AssetTree(root / "alice", root / "common", {"lab": root / "teams/lab"})
        with Tree(root) as tree:
            for area, kind, group in (
                (ALICE, AreaKind.PRIVATE, None), (LAB, AreaKind.TEAM, "lab"),
                (THE_COMMON_AREA, AreaKind.COMMON, None),
            ):  # fmt: skip
                assert names_in(tree, area) == workspace.list_names(kind, group, AssetKind.MODELS)
            resolver = Resolver(tree, Listing(tree), CALLER, ["lab"])
            every = {*names, *(name.partition("@")[0] for name in (*own, *team, *common))}
            for text in _references(every, pin):
                assert _in_library(resolver, text) == _in_workspace(workspace, root, text), text


def _references(names: set[str], pin: str) -> Iterator[str]:
    for name in sorted(names):
        yield from (f"models/{name}", f"teams/lab/models/{name}", f"common/models/{name}{pin}")


def _in_library(resolver: Resolver, text: str) -> str | None:
    found = resolver.resolve(text).asset
    return None if found is None else str(found.path)


def _in_workspace(workspace: AssetTree, root: Path, text: str) -> str | None:
    """Return where a reference leads; a text beside an asset counts as the asset."""
    try:
        path = workspace.locate(Reference.parse(text)).relative_to(root)
    except (AssetError, ValueError):
        return None
    with Tree(root) as tree:
        asset = find_asset(tree, RelativePath(path.parts))
    return None if asset is None else str(asset.path)


@settings(max_examples=30)
@given(common=_ENTRIES, own=_ENTRIES)
def test_what_is_listed_is_found_and_what_is_found_is_listed(
    common: dict[str, bool], own: dict[str, bool]
) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        fill(root / "common/models", common)
        fill(root / "alice/models", own)
        fill(root / "alice/examples/pump/models", own)
        with Tree(root) as tree:
            listing = Listing(tree)
            for area in (ALICE, THE_COMMON_AREA):
                listed = list(list_assets(tree, area))
                assert listed == list(listing.list_page([area], limit=1000).assets)
                for asset in listed:
                    inner = RelativePath((*asset.path.names, "inner"))
                    assert find_asset(tree, asset.path) == asset
                    assert find_asset(tree, inner) == asset
                    known = {(one.name, one.root) for one in listed}
                    for name in asset.companions:
                        owner = find_asset(tree, asset.folder / name)
                        assert owner is not None
                        assert (owner.name, owner.root) in known
            for place in root.rglob("models/*"):
                found = find_asset(tree, RelativePath(place.relative_to(root).parts))
                assert found == listing.find_asset(RelativePath(place.relative_to(root).parts))
                if found is not None:
                    listed = list(list_assets(tree, found.area))
                    assert any((one.name, one.root) == (found.name, found.root) for one in listed)
