from __future__ import annotations

import errno
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.errors import BadPathError, FullError
from twinhub_library.merging import merge, preview, recover_merges
from twinhub_library.opened import OpenFolder
from twinhub_library.testing import CrashPoints, Killed
from twinhub_library.tree import Tree

from tests.unit.library.merging.folders import LABEL, PLACE, Files, read_files, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_library.merging import MergeReport


@pytest.fixture(name="tree")
def _tree(tmp_path: Path) -> Iterator[Tree]:
    (tmp_path / ".library").mkdir()
    (tmp_path / str(PLACE)).mkdir(parents=True)
    with Tree(tmp_path) as tree:
        yield tree


@pytest.fixture(name="place")
def _place(tmp_path: Path, tree: Tree) -> Path:
    del tree
    return tmp_path / str(PLACE)


def _merge(tree: Tree, base: dict[str, bytes], theirs: dict[str, bytes]) -> MergeReport:
    return merge(tree, PLACE, base=Files(base), theirs=Files(theirs), label=LABEL)


def _outcomes(report: MergeReport) -> dict[str, tuple[str, str | None]]:
    return {one.path: (one.outcome.value, one.copy) for one in report.files}


def test_each_file_has_the_outcome_that_its_three_sides_give(tree: Tree, place: Path) -> None:
    base = {"same": b"1", "new": b"1", "gone": b"1", "mine": b"1", "d/both": b"1", "left": b"1",
            "dropped": b"1", "changed": b"1"}  # fmt: skip
    theirs = {"same": b"1", "new": b"2", "mine": b"1", "d/both": b"3", "add/ed": b"4",
              "dropped": b"2"}  # fmt: skip
    ours = {"same": b"1", "new": b"1", "gone": b"1", "mine": b"2", "d/both": b"2", "left": b"1",
            "own": b"5", "changed": b"9"}  # fmt: skip
    write_files(place, ours)
    report = _merge(tree, base, theirs)
    assert _outcomes(report) == {
        "same": ("unchanged", None), "new": ("updated", None), "gone": ("removed", None),
        "mine": ("kept", None), "d/both": ("conflict", f"d/both ({LABEL})"),
        "left": ("removed", None), "own": ("kept", None), "add/ed": ("added", None),
        "dropped": ("kept", None), "changed": ("kept", None),
    }  # fmt: skip
    assert read_files(place) == {
        "same": b"1", "new": b"2", "mine": b"2", "d/both": b"3", f"d/both ({LABEL})": b"2",
        "own": b"5", "add/ed": b"4", "changed": b"9",
    }  # fmt: skip


def test_text_that_both_changed_in_different_lines_has_both_changes(
    tree: Tree, place: Path
) -> None:
    write_files(place, {"a.py": b"mine\n2\n3\n"})
    report = _merge(tree, {"a.py": b"1\n2\n3\n"}, {"a.py": b"1\n2\ntheirs\n"})
    assert _outcomes(report) == {"a.py": ("merged", None)}
    assert read_files(place) == {"a.py": b"mine\n2\ntheirs\n"}


def test_second_copy_has_a_name_of_its_own(tree: Tree, place: Path) -> None:
    write_files(place, {"a.txt": b"m", f"a ({LABEL}).txt": b"earlier"})
    report = _merge(tree, {"a.txt": b"1"}, {"a.txt": b"2"})
    assert _outcomes(report)["a.txt"] == ("conflict", f"a ({LABEL} 2).txt")
    assert read_files(place) == {
        "a.txt": b"2", f"a ({LABEL}).txt": b"earlier", f"a ({LABEL} 2).txt": b"m",
    }  # fmt: skip


def test_copy_of_a_longest_name_is_no_longer(tree: Tree, place: Path) -> None:
    name = "ä" * 125 + ".fmu"
    write_files(place, {name: b"m"})
    copy = _merge(tree, {name: b"1"}, {name: b"2"}).files[0].copy
    assert copy is not None
    assert len(copy.encode()) <= 255
    assert read_files(place) == {name: b"2", copy: b"m"}


def test_mode_that_one_side_changed_is_kept_with_the_others_content(
    tree: Tree, place: Path
) -> None:
    write_files(place, {"run*": b"1"})
    report = _merge(tree, {"run": b"1"}, {"run": b"2"})
    assert _outcomes(report) == {"run": ("merged", None)}
    assert read_files(place) == {"run*": b"2"}


def test_folder_and_file_of_one_name_are_both_kept(tree: Tree, place: Path) -> None:
    write_files(place, {"a": b"mine", "b/c": b"mine"})
    _merge(tree, {"a": b"old"}, {"a/x": b"theirs", "b": b"theirs"})
    files = read_files(place)
    assert files["a/x"] == files["b"] == b"theirs"
    assert sorted(files.values()) == [b"mine", b"mine", b"theirs", b"theirs"]


@pytest.mark.d4(22)
def test_link_that_its_owner_put_in_the_way_is_not_followed(
    tree: Tree, place: Path, tmp_path: Path
) -> None:
    other = tmp_path / "bob"
    other.mkdir()
    (other / "file").write_bytes(b"bob's")
    (place / "sub").symlink_to("../../../bob")
    (place / "file").symlink_to("../../../bob/file")
    _merge(tree, {}, {"sub/file": b"theirs", "file": b"theirs"})
    assert (other / "file").read_bytes() == b"bob's"
    assert sorted(one.name for one in other.iterdir()) == ["file"]
    assert (place / "sub/file").read_bytes() == b"theirs"


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "a\0"])
def test_path_that_leads_out_is_refused_before_anything_changes(
    tree: Tree, place: Path, path: str
) -> None:
    write_files(place, {"a": b"1"})
    with pytest.raises(BadPathError):
        _merge(tree, {"a": b"1"}, {"a": b"2", path: b""})
    assert read_files(place) == {"a": b"1"}


def test_preview_tells_what_a_merge_would_do_and_changes_nothing(tree: Tree, place: Path) -> None:
    base, theirs = {"a": b"1", "b": b"1\n2\n"}, {"a": b"2", "b": b"1\n3\n", "c": b"1"}
    write_files(place, {"a": b"mine", "b": b"0\n1\n2\n"})
    before = read_files(place)
    told = preview(tree, PLACE, base=Files(base), theirs=Files(theirs), label=LABEL)
    assert read_files(place) == before
    assert told == _merge(tree, base, theirs)


@pytest.mark.heavy
def test_notebook_that_both_changed_in_different_cells_has_both_changes(
    tree: Tree, place: Path
) -> None:
    write_files(place, {"n.ipynb": _notebook("mine", "b"), "m.ipynb": _notebook("x", "b")})
    sides = _notebook("a", "b"), _notebook("a", "theirs")
    report = _merge(
        tree,
        {"n.ipynb": sides[0], "m.ipynb": sides[0]},
        {"n.ipynb": sides[1], "m.ipynb": _notebook("y", "b")},
    )
    assert _outcomes(report) == {
        "m.ipynb": ("conflict", f"m ({LABEL}).ipynb"), "n.ipynb": ("merged", None),
    }  # fmt: skip
    merged = json.loads((place / "n.ipynb").read_bytes())
    assert ["".join(cell["source"]) for cell in merged["cells"]] == ["mine", "theirs"]


def _notebook(*sources: str) -> bytes:
    cells = [
        {"cell_type": "markdown", "id": f"c{at}", "metadata": {}, "source": [one]}
        for at, one in enumerate(sources)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


@dataclass(frozen=True)
class _Meddling(Files):
    """A side during whose reading the owner of the folder saves a file."""

    file: Path

    def read(self, path: str) -> bytes:
        self.file.write_bytes(b"saved this moment")
        return super().read(path)


def test_file_that_is_saved_during_the_merge_is_kept_as_a_copy(tree: Tree, place: Path) -> None:
    write_files(place, {"a.txt": b"1"})
    theirs = _Meddling({"a.txt": b"2"}, place / "a.txt")
    report = merge(tree, PLACE, base=Files({"a.txt": b"1"}), theirs=theirs, label=LABEL)
    assert _outcomes(report) == {"a.txt": ("conflict", f"a ({LABEL}).txt")}
    assert read_files(place) == {"a.txt": b"2", f"a ({LABEL}).txt": b"saved this moment"}


def test_file_that_is_made_during_the_merge_is_kept_as_a_copy(tree: Tree, place: Path) -> None:
    theirs = _Meddling({"a.txt": b"2"}, place / "a.txt")
    report = merge(tree, PLACE, base=Files({}), theirs=theirs, label=LABEL)
    assert _outcomes(report) == {"a.txt": ("conflict", f"a ({LABEL}).txt")}
    assert read_files(place) == {"a.txt": b"2", f"a ({LABEL}).txt": b"saved this moment"}


@pytest.mark.d4(66)
@pytest.mark.parametrize("has_links", [True, False])
@pytest.mark.parametrize("number", range(1, 7))
def test_full_disk_leaves_the_old_folder_and_nothing_to_clear_away(
    tree: Tree, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int,
    has_links: bool,  # noqa: FBT001 - a parameter of the test
) -> None:  # fmt: skip
    staged = 6  # and the plan; where files are to be copied, the disk is full after that
    number += 0 if has_links else staged - 1
    write, calls = OpenFolder.write, iter(range(1, 1000))

    def write_until_full(*arguments: object, **named: object) -> None:
        if next(calls) == number:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(*arguments, **named)  # type: ignore[arg-type]

    write_files(place, _OURS)
    with monkeypatch.context() as patch:
        patch.setattr(OpenFolder, "write", write_until_full)
        if not has_links:
            patch.setattr(OpenFolder, "link", lambda *_: False)
        with pytest.raises(FullError, match="no room"):
            _merge(tree, _BASE, _THEIRS)
    assert read_files(place) == _OURS
    assert not list((tmp_path / ".library/journal").glob("*"))


_BASE = {"a": b"1", "t": b"1\n2\n3\n", "gone": b"1", "both": b"1", "d/kept": b"1", "way": b"1"}
_OURS = {"a": b"1", "t": b"m\n2\n3\n", "gone": b"1", "both": b"m", "d/kept": b"m", "way": b"m"}
_THEIRS = {"a": b"2", "t": b"1\n2\nt\n", "both": b"2", "d/kept": b"1", "e/new": b"2", "way/x": b"2"}
_MERGED = {
    "a": b"2", "t": b"m\n2\nt\n", "both": b"2", f"both ({LABEL})": b"m", "d/kept": b"m",
    "e/new": b"2", "way/x": b"2", f"way ({LABEL})": b"m",
}  # fmt: skip


@pytest.mark.heavy
@pytest.mark.d4(28)
@pytest.mark.parametrize("has_links", [True, False])
def test_killed_at_any_write_it_is_the_old_or_the_new_folder_after_the_next_start(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_links: bool,  # noqa: FBT001
) -> None:
    if not has_links:
        monkeypatch.setattr(OpenFolder, "link", lambda *_: False)
    place, seen = tmp_path / str(PLACE), set()
    for at in CrashPoints.sweep(lambda: _act(tmp_path), before=lambda: _make(tmp_path)):
        assert _keeps_mine(read_files(place)), at
        with CrashPoints(), Tree(tmp_path) as tree:
            list(recover_merges(tree))
        after = read_files(place)
        assert after in (_OURS, _MERGED), at
        assert not list((tmp_path / ".library/journal").glob("*")), at
        seen.add(after == _MERGED)
    assert seen == {False, True}


@pytest.mark.heavy
@pytest.mark.d4(28)
@pytest.mark.parametrize("first", [30, 45, 60])
def test_killed_again_while_it_recovers_it_recovers_at_the_next_start(
    tmp_path: Path, first: int
) -> None:
    def before() -> None:
        _make(tmp_path)
        with CrashPoints(first), pytest.raises(Killed):
            _act(tmp_path)

    def act() -> None:
        with Tree(tmp_path) as tree:
            list(recover_merges(tree))

    for at in CrashPoints.sweep(act, before=before):
        assert _keeps_mine(read_files(tmp_path / str(PLACE))), at
        with CrashPoints():
            act()
        assert read_files(tmp_path / str(PLACE)) in (_OURS, _MERGED), at


def _make(root: Path) -> None:
    for name in ("alice", ".library"):
        shutil.rmtree(root / name, ignore_errors=True)
    (root / ".library").mkdir()
    write_files(root / str(PLACE), _OURS)


def _act(root: Path) -> None:
    with Tree(root) as tree:
        _merge(tree, _BASE, _THEIRS)


def _keeps_mine(files: dict[str, bytes]) -> bool:
    return b"".join(files.values()).count(b"m") >= 4


@pytest.mark.heavy
def test_file_that_is_too_long_to_be_merged_is_taken_whole(tree: Tree, place: Path) -> None:
    long = b"line\n" * 7_000_000
    write_files(place, {"a.txt": b"mine\n" + long})
    report = _merge(tree, {"a.txt": long}, {"a.txt": long + b"theirs\n"})
    assert _outcomes(report) == {"a.txt": ("conflict", f"a ({LABEL}).txt")}
    assert (place / "a.txt").stat().st_size == len(long) + 7
    assert (place / f"a ({LABEL}).txt").stat().st_size == len(long) + 5
