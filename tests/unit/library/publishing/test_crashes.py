"""A kill at every write of publish, withdraw, import, fresh copy and update: old or new."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.paths import RelativePath
from twinhub_library.testing import CrashPoints, FullDisk

from tests.unit.library.publishing.bench import (
    ALICE,
    BOB,
    PLACE,
    SOURCE,
    opened,
    publish,
    read,
    start_import,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.d4(28)

_FIRST = {"a.txt": b"1\n2\n3\n", "sub/b.bin": b"\0one", "gone": b"x"}
_SECOND = {"a.txt": b"1\n2\n4\n", "sub/b.bin": b"\0two", "new/c": b"c"}
_MINE = {"a.txt": b"mine\n2\n3\n", "sub/b.bin": b"\0mine", "gone": b"x", "own": b"mine"}


def _killed(
    root: Path, act: Callable[[Path], None], prepare: Callable[[Path], None]
) -> Iterator[int]:
    """Yield after a kill at each write of ``act``, each time on a new copy of what was prepared."""
    template = root.parent / "template"
    prepare(template)

    def before() -> None:
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(template, root, symlinks=True)

    yield from CrashPoints.sweep(lambda: act(root), before=before)


def _check_common(root: Path) -> dict[str, dict[str, bytes] | None]:
    """Return the published versions after a start; links and records must agree."""
    with CrashPoints(), opened(root) as (_, part):
        rows = part.publisher.versions.list_of("models", "tank")
        offered = [row.version for row in rows if not row.is_withdrawn]
        kind = root / "common/models"
        links = {one.name for one in kind.glob("[!.]*")} if kind.exists() else set()
        assert links == {*(f"tank@{one}" for one in offered), *(["tank"] if offered else [])}
        if offered:
            assert (kind / "tank").readlink() == (kind / f"tank@{offered[0]}").readlink()
        assert not list((root / ".library").glob("work/*"))
        assert not list(root.glob("common/**/.twinhub-*"))
        return {row.version: read(root, f"common/.store/{row.digest}") for row in rows}


def _prepare_first(root: Path) -> None:
    with opened(root, is_new=True) as (tree, part):
        write(root, SOURCE, _FIRST)
        publish(tree, part, "1.0.0")
    shutil.rmtree(root / str(SOURCE))
    write(root, SOURCE, _SECOND)


@pytest.mark.heavy
def test_publishing_leaves_the_old_versions_or_the_new_one_too(tmp_path: Path) -> None:
    def act(root: Path) -> None:
        with opened(root) as (tree, part):
            publish(tree, part, "1.1.0")

    root, seen = tmp_path / "root", set()
    for at in _killed(root, act, _prepare_first):
        found = _check_common(root)
        assert found in ({"1.0.0": _FIRST}, {"1.0.0": _FIRST, "1.1.0": _SECOND}), at
        seen.add(len(found))
    assert seen == {1, 2}


@pytest.mark.heavy
def test_withdrawing_leaves_a_version_offered_or_hidden(tmp_path: Path) -> None:
    def prepare(root: Path) -> None:
        _prepare_first(root)
        with opened(root) as (tree, part):
            publish(tree, part, "1.1.0")

    def act(root: Path) -> None:
        with opened(root) as (_, part):
            row = part.publisher.versions.get("models", "tank", "1.1.0")
            part.publisher.withdraw(ALICE, row, why="wrong")

    root = tmp_path / "root"
    for _ in _killed(root, act, prepare):
        assert _check_common(root) == {"1.0.0": _FIRST, "1.1.0": _SECOND}
        places = ("tank@1.1.0", ".withdrawn/tank@1.1.0")
        found = [read(root, f"common/models/{place}") for place in places]
        assert found in ([_SECOND, None], [None, _SECOND])


@pytest.mark.heavy
def test_import_is_whole_and_known_or_not_there(tmp_path: Path) -> None:
    def act(root: Path) -> None:
        with opened(root) as (_, part):
            start_import(part)

    root, seen = tmp_path / "root", set()
    for at in _killed(root, act, _prepare_first):
        with CrashPoints(), opened(root) as (_, part):
            row = part.imports.find(PLACE)
            files = read(root, PLACE)
            assert (files, row is not None) in ((None, False), (_FIRST, True)), at
            assert not list(root.glob("bob/**/.twinhub-*")), at
            seen.add(row is not None)
    assert seen == {False, True}


_NEW = RelativePath.parse("bob/data/mine")


def _move(root: Path) -> None:
    with opened(root) as (tree, part):
        part.moves.make(PLACE.parent, _NEW, tree.move)


def _prepare_import(root: Path) -> None:
    _prepare_first(root)
    (root / str(_NEW.parent)).mkdir()
    with opened(root) as (_, part):
        start_import(part)


def _find_import(root: Path) -> RelativePath:
    """Return where the import is, whose files and record agree."""
    with opened(root) as (_, part):
        places = (PLACE, _NEW / PLACE.name)
        (there,) = [one for one in places if read(root, one) == _FIRST]
        assert [part.imports.find(one) is not None for one in places] == [
            one == there for one in places
        ]
        return there


@pytest.mark.heavy
def test_files_of_an_import_and_its_record_move_both_or_neither(tmp_path: Path) -> None:
    root, seen = tmp_path / "root", set()
    for _ in _killed(root, _move, _prepare_import):
        with CrashPoints():
            seen.add(_find_import(root))
    assert seen == {PLACE, _NEW / PLACE.name}


def test_import_stays_where_it_is_if_its_record_cannot_be_written(tmp_path: Path) -> None:
    root, template = tmp_path / "root", tmp_path / "template"
    _prepare_import(template)

    def before() -> None:
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(template, root, symlinks=True)

    for at, error in FullDisk.sweep(lambda: _move(root), before=before):
        assert _find_import(root) == (_NEW / PLACE.name if error is None else PLACE), at


def _prepare_changed(root: Path) -> None:
    """Publish, import, change the import, publish again."""
    _prepare_first(root)
    with opened(root) as (tree, part):
        start_import(part)
        publish(tree, part, "1.1.0")
    shutil.rmtree(root / str(PLACE))
    write(root, PLACE, _MINE)


@pytest.mark.heavy
def test_update_leaves_the_old_copy_or_the_new_one_and_never_a_record_of_the_other(
    tmp_path: Path,
) -> None:
    def act(root: Path) -> None:
        with opened(root) as (_, part):
            row = part.imports.find(PLACE)
            assert row is not None
            part.imports.update(BOB, row)

    root, seen = tmp_path / "root", set()
    for at in _killed(root, act, _prepare_changed):
        with CrashPoints(), opened(root) as (_, part):
            row = part.imports.find(PLACE)
            files = read(root, PLACE)
            assert row is not None
            assert files is not None
            if row.version == "1.0.0":
                assert files == _MINE, at
            else:
                copy = next(name for name in files if "(yours" in name)
                assert files == {
                    "a.txt": b"mine\n2\n4\n", "sub/b.bin": b"\0two", copy: b"\0mine",
                    "own": b"mine", "new/c": b"c",
                }, at  # fmt: skip
            seen.add(row.version)
    assert seen == {"1.0.0", "1.1.0"}


@pytest.mark.heavy
def test_fresh_copy_leaves_the_old_copy_in_place_or_in_the_bin(tmp_path: Path) -> None:
    def act(root: Path) -> None:
        with opened(root) as (_, part):
            row = part.imports.find(PLACE)
            assert row is not None
            part.imports.start_fresh(BOB, row, "")

    root, seen = tmp_path / "root", set()
    for at in _killed(root, act, _prepare_changed):
        with CrashPoints(), opened(root) as (_, part):
            row = part.imports.find(PLACE)
            assert row is not None
            binned = [
                read(root, str(one.relative_to(root)))
                for one in root.glob(".library/bin/**/content")
            ]
            state = (read(root, PLACE), row.version, binned)
            assert state in ((_MINE, "1.0.0", []), (_SECOND, "1.1.0", [_MINE])), at
            assert not list(root.glob("bob/**/.twinhub-*")), at
            seen.add(row.version)
    assert seen == {"1.0.0", "1.1.0"}
