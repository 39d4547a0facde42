"""Pages of many assets, and names that are kept while nothing has changed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.references import Area as AreaKind
from twinhub_kit.files.paths import RelativePath
from twinhub_library.areas import THE_COMMON_AREA, Area
from twinhub_library.cursors import BadCursorError, make_cursor, read_cursor
from twinhub_library.listing import Listing, Order
from twinhub_library.tree import Tree

from tests.unit.library.assets.test_catalogue import make, publish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALICE = Area(AreaKind.PRIVATE, "alice")
PAGE_SECONDS = 1.0
"""Processor time of a page that nothing is kept for; 0.7 at 100,000 assets when it was written."""


@pytest.fixture(name="tree")
def _tree(tmp_path: Path) -> Iterator[Tree]:
    with Tree(tmp_path) as tree:
        yield tree


def names_of(listing: Listing, area: Area = ALICE) -> list[str]:
    return [str(RelativePath(one.path.names[1:])) for one in listing.list_page([area]).assets]


def settle(root: Path) -> None:
    """Let every folder look as if it had been left alone for a while."""
    for folder in (root, *root.rglob("*/")):
        os.utime(folder, (time.time() - 60, time.time() - 60))


@pytest.mark.parametrize("is_settled", [False, True])
def test_what_has_changed_is_seen_at_once(tree: Tree, tmp_path: Path, *, is_settled: bool) -> None:
    make(tmp_path, "alice/models/a/x", "alice/notes/x")
    if is_settled:
        settle(tmp_path / "alice")
    listing = Listing(tree)
    for _ in range(3):
        assert names_of(listing) == ["models/a"]
    make(tmp_path, "alice/models/b/x")
    assert names_of(listing) == ["models/a", "models/b"]
    make(tmp_path, "alice/notes/data/c.csv")
    assert names_of(listing) == ["models/a", "models/b", "notes/data/c.csv"]
    (tmp_path / "alice/models/a").rename(tmp_path / "alice/models/z")
    (tmp_path / "alice/notes").rename(tmp_path / "alice/.notes")
    assert names_of(listing) == ["models/b", "models/z"]
    (tmp_path / "alice/models").rename(tmp_path / "alice/tools")
    assert names_of(listing) == ["tools/b", "tools/z"]


def test_many_changes_within_one_tick_of_the_clock_are_seen(tree: Tree, tmp_path: Path) -> None:
    folder = tmp_path / "alice/models"
    folder.mkdir(parents=True)
    listing = Listing(tree)
    for at in range(200):
        (folder / f"{at:03}.fmu").touch()
        assert len(listing.list_page([ALICE], limit=1000).assets) == at + 1


def test_a_new_version_is_the_newest_at_once(tree: Tree, tmp_path: Path) -> None:
    publish(tmp_path, "models", "tank", "1.0.0")
    settle(tmp_path / "common")
    listing = Listing(tree)
    path = RelativePath.parse("common/models/tank")
    seen = []
    for version in ("1.0.0", "1.1.0", "1.0.1"):
        if version != "1.0.0":
            (tmp_path / f"common/models/tank@{version}").symlink_to("../.store/tank-1.0.0")
        asset = listing.find_asset(path)
        assert asset is not None
        seen.append((asset.version, listing.list_versions(asset)))
    assert seen == [
        ("1.0.0", ["1.0.0"]), ("1.1.0", ["1.1.0", "1.0.0"]), ("1.1.0", ["1.1.0", "1.0.1", "1.0.0"]),
    ]  # fmt: skip


def test_pages_go_on_where_they_ended_although_assets_come_and_go(
    tree: Tree, tmp_path: Path
) -> None:
    make(tmp_path, *(f"alice/models/m{at}/x" for at in range(6)))
    listing = Listing(tree)
    first = listing.list_page([ALICE], limit=3)
    (tmp_path / "alice/models/m2").rename(tmp_path / "alice/models/.gone")
    make(tmp_path, "alice/models/a/x", "alice/models/m35/x", "alice/data/early.csv")
    rest = listing.list_page([ALICE], limit=10, after=first.next)
    assert [one.name for one in rest.assets] == ["m3", "m35", "m4", "m5"]


@pytest.mark.heavy
@pytest.mark.d4(31)
@pytest.mark.parametrize("count", [20_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_an_area_of_many_assets_is_listed_page_by_page(
    tree: Tree, tmp_path: Path, count: int
) -> None:
    folder = tmp_path / "alice/models"
    folder.mkdir(parents=True)
    into = os.open(folder, os.O_RDONLY)
    for at in range(count):
        os.close(os.open(f"m{at:06}.fmu", os.O_CREAT | os.O_WRONLY, dir_fd=into))
    os.close(into)
    settle(tmp_path / "alice")
    listing = Listing(tree)
    for order in Order:
        seen, after, worst = 0, "", 0.0
        while True:
            begun = time.thread_time()
            page = listing.list_page([ALICE], limit=1000, after=after, order=order)
            worst = max(worst, time.thread_time() - begun)
            names = [one.name for one in page.assets]
            assert names == [f"m{at:06}.fmu" for at in range(seen, seen + 1000)]
            seen, after = seen + 1000, page.next
            if not after:
                break
        assert seen == count
        assert worst < PAGE_SECONDS * count / 100_000 + 0.5


@pytest.mark.parametrize("place", [(), ("a",), ("é", "\0", "x" * 3000)])
def test_a_cursor_stands_for_its_place(place: tuple[str, ...]) -> None:
    assert read_cursor(make_cursor(place)) == place


@pytest.mark.parametrize("text", ["x", "====", "é", "WzFd", "eyJhIjoxfQ", "W1tdXQ", "[" * 9000])
def test_a_cursor_that_no_page_has_given_is_refused(text: str) -> None:
    with pytest.raises(BadCursorError, match="`next` of the page before"):
        read_cursor(text)


def test_folders_of_kinds_beyond_the_limits_end_the_search(tree: Tree, tmp_path: Path) -> None:
    for at in range(1_200):
        (tmp_path / f"alice/e{at:04}/models/m").mkdir(parents=True)
    assert len(Listing(tree).roots_of(ALICE)) == 201
    assert Listing(tree).roots_of(THE_COMMON_AREA) == [THE_COMMON_AREA.path]
