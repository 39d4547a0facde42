"""The index is what a look at all files would make it, whatever has happened (D4-29)."""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twinhub_kit.files.paths import RelativePath
from twinhub_library.tree import Tree

from tests.unit.library.search.followed import Followed, remove, rescan, write

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXAMPLES = int(os.environ.get("TWINHUB_FUZZ_EXAMPLES", "40"))
_AREAS = ("alice", "teams/pumps", "common", "alice/examples/one", "alice/work")
_KINDS = ("models", "data", "digital_twins")
_NAMES = ("tank", "tank.fmu", "tank.md", "tank.asset.yaml", "tank.fmu.md", "pump", "pump@1.0.0")
_INNER = ("", "README.md", "asset.yaml", "twin.yaml", "sub/nb.ipynb", "sub/deep/more.md", "x.csv")
_TEXTS = ("# One\n\nText", "name: x", '{"cells": []}', "title: Two\nkeywords: [heat]\n", "")

_place = st.tuples(
    st.sampled_from(_AREAS),
    st.sampled_from(["", *_KINDS]),
    st.sampled_from(["", *_NAMES]),
    st.sampled_from(_INNER),
).map(lambda parts: "/".join(filter(None, parts)))
_operation = st.one_of(
    st.tuples(st.just("write"), _place, st.sampled_from(_TEXTS)),
    st.tuples(st.just("mkdir"), _place, st.just("")),
    st.tuples(st.just("remove"), _place, st.just("")),
    st.tuples(st.just("move"), _place, _place),
    st.tuples(st.just("link"), _place, _place),
    st.tuples(st.just("catch up"), st.just(""), st.just("")),
    st.tuples(st.just("step"), st.just(""), st.just("")),
    st.tuples(st.just("crash"), st.just(""), st.just("")),
)  # fmt: skip


def _do(followed: Followed, what: str, first: str, second: str) -> None:
    match what:
        case "catch up":
            followed.catch_up()
        case "crash":
            followed.crash()
        case "step":
            followed.watcher.read()
            followed.follower.step(seconds=0)
        case _:
            _change(what, followed.root / first, followed.root / second, second)


def _change(what: str, place: Path, other: Path, text: str) -> None:
    with contextlib.suppress(OSError):  # something is in the way, or nothing is there
        if what == "write":
            write(place, text)
        elif what == "remove":
            remove(place)
        elif what == "mkdir":
            place.mkdir(parents=True)
        else:
            other.parent.mkdir(parents=True, exist_ok=True)
            if what == "move":
                place.rename(other)
            else:
                other.symlink_to(os.path.relpath(place, other.parent))


@pytest.mark.d4(29)
@settings(max_examples=_EXAMPLES, deadline=None)
@given(st.lists(_operation, max_size=25))
def test_after_any_changes_and_crashes_the_index_is_what_a_rescan_makes(
    operations: list[tuple[str, str, str]],
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(Followed(Path(folder) / "root")) as followed,
    ):
        for operation in operations:
            _do(followed, *operation)
        followed.catch_up()
        assert followed.index.documents == rescan(followed.tree)


@pytest.fixture(name="followed")
def _followed(tmp_path: Path) -> Iterator[Followed]:
    followed = Followed(tmp_path / "root")
    yield followed
    followed.close()


def test_a_new_users_folder_and_a_new_team_are_followed(followed: Followed) -> None:
    write(followed.root / "bob/models/pump/README.md", "# Pump of Bob")
    write(followed.root / "teams/pumps/models/pump/README.md", "# Pump of all")
    followed.catch_up()
    assert followed.find("pump") == ["bob/models/pump", "teams/pumps/models/pump"]
    remove(followed.root / "teams/pumps")
    followed.catch_up()
    assert followed.find("pump") == ["bob/models/pump"]


def test_what_is_only_announced_is_looked_at(tmp_path: Path) -> None:
    followed = Followed(tmp_path / "root", most_watches=0)
    assert followed.watcher.is_short
    write(followed.root / "alice/models/tank/README.md", "# Heated")
    followed.changes.announce(RelativePath.parse("alice/models/tank/README.md"))
    followed.catch_up()
    assert followed.find("heated") == ["alice/models/tank"]
    write(followed.root / "alice/models/pump/README.md", "# Unseen")
    followed.catch_up()
    assert followed.find("unseen") == []
    followed.follower.mark(None)
    followed.catch_up()
    assert followed.find("unseen") == ["alice/models/pump"]
    followed.close()


def test_folders_near_the_root_are_watched_first(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for at in range(20):
        write(root / f"alice/models/m{at}/sub/x.md", "x")
    followed = Followed(root, most_watches=5)
    assert followed.watcher.count() == 5
    assert followed.watcher.is_short
    write(root / "alice/models/new/README.md", "# Newcomer")
    followed.catch_up()
    assert followed.find("newcomer") == ["alice/models/new"]
    followed.close()


def test_one_areas_folders_never_take_the_watches_that_another_needs(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for at in range(60):
        write(root / f"bob/models/m{at}/x.md", "x")
    write(root / "alice/models/tank/sub/x.md", "x")
    followed = Followed(root, most_watches=30)
    for name in ("alice/models/tank/sub/deep", "common/models/pump", "teams/pumps/models/pump"):
        write(root / name / "README.md", "# Seen")
        write(root / name / "inner/README.md", "x")
    followed.catch_up()
    write(root / "common/models/pump/inner/late.md", "x")
    write(root / "common/models/second/README.md", "# Seen too")
    followed.catch_up()
    assert set(followed.find("seen")) == {
        "common/models/pump", "common/models/second", "teams/pumps/models/pump",
        "alice/models/tank",
    }  # fmt: skip
    assert followed.watcher.short_areas == ["bob"]
    assert followed.watcher.count() == 30
    write(root / "bob/models/m59/README.md", "# Found by a look at everything")
    write(root / "bob/models/m0/README.md", "# Found by a look at everything")
    followed.follower.mark(None)
    followed.catch_up()
    assert {"bob/models/m0", "bob/models/m59"} <= set(followed.find("look"))
    followed.close()


def test_an_area_has_what_no_other_needs(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for at in range(60):
        write(root / f"hog/models/m{at}/x.md", "x")
    write(root / "alice/models/tank/x.md", "x")
    followed = Followed(root, most_watches=70)
    assert not followed.watcher.is_short
    assert followed.watcher.count() == 66
    followed.close()


@pytest.mark.parametrize("area", ["common", "alice"])
def test_many_changes_in_one_folder_are_one_look_into_it(
    followed: Followed, monkeypatch: pytest.MonkeyPatch, area: str
) -> None:
    files = [followed.root / area / "data" / f"levels-{at}.csv" for at in range(150)]
    for file in files:
        write(file, "1")
        write(file.with_suffix(".md"), "# Of it")
    looks: Counter[str] = Counter()
    open_folder = Tree.open_folder_descriptor

    def count(tree: Tree, path: RelativePath) -> int:
        looks[str(path)] += 1
        return open_folder(tree, path)

    monkeypatch.setattr(Tree, "open_folder_descriptor", count)
    followed.catch_up()
    for file in files:
        remove(file)
        remove(file.with_suffix(".md"))
    followed.catch_up()
    assert followed.index.documents == {}
    assert looks[f"{area}/data"] < 10


def test_following_stops_in_the_middle_and_loses_no_change(followed: Followed) -> None:
    (followed.root / "common/data").mkdir(parents=True)
    followed.catch_up()
    for at in range(50):
        write(followed.root / f"common/data/levels-{at}.csv", "1")
    while followed.watcher.read():
        pass
    asked = itertools.count()
    followed.follower.step(seconds=None, is_stopping=lambda: next(asked) > 5)
    assert followed.index.count() == 0
    followed.follower.catch_up()
    assert followed.index.count() == 50


def test_links_are_not_followed_to_watch(followed: Followed, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write(outside / "deep/x.md", "secretword")
    (followed.root / "alice/models").mkdir(parents=True)
    (followed.root / "alice/models/way-out").symlink_to(outside)
    (followed.root / "alice/way-out").symlink_to("/")
    followed.catch_up()
    assert followed.watcher.count() == 3
    assert followed.find("secretword") == []
    assert followed.find("") == []


def test_more_changes_than_wait_are_found_by_looking_at_everything(followed: Followed) -> None:
    write(followed.root / "alice/models/tank/README.md", "# Tank")
    followed.follower.catch_up()
    for at in range(20_010):
        followed.follower.mark(RelativePath(("alice", "data", f"x{at}")))
    assert not followed.follower.is_looking
    followed.catch_up()
    assert followed.find("tank") == ["alice/models/tank"]


def test_hidden_names_temporaries_and_the_librarys_own_folder_are_no_news(
    followed: Followed,
) -> None:
    write(followed.root / "alice/models/tank/README.md", "# Tank")
    write(followed.root / ".library/bin/x.md", "x")
    followed.catch_up()
    before = followed.changes.last_number
    write(followed.root / ".library/bin/y.md", "y")
    write(followed.root / "alice/models/tank/.hidden", "x")
    followed.catch_up()
    assert followed.changes.last_number == before


def test_withdrawn_versions_are_documents_by_themselves_that_only_who_has_their_keys_finds(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    write(root / "common/models/tank@1.1.0/README.md", "# Tank")
    write(root / "common/models/tank@1.0.0/README.md", "# Tank")
    followed = Followed(root)
    hidden = root / "common/models/.withdrawn"
    key = "common/models/.withdrawn/tank@1.0.0"
    hidden.mkdir()
    (root / "common/models/tank@1.0.0").rename(hidden / "tank@1.0.0")
    for _ in range(2):  # a second look at everything leaves it
        followed.changes.announce(RelativePath.parse("common/models/tank"))
        followed.catch_up()
        assert set(followed.index.documents) == {"common/models/tank", key}
        assert followed.index.documents == rescan(followed.tree)
        followed.follower.mark(None)
    assert followed.find("tank") == ["common/models/tank@1.1.0"]
    assert followed.index.documents[key].path == "common/models/tank@1.0.0"
    remove(hidden)
    followed.follower.mark(None)
    followed.catch_up()
    assert set(followed.index.documents) == {"common/models/tank"}
    followed.close()
