"""Restores: nothing of the present is lost, and what a crash interrupts is finished."""

from __future__ import annotations

import contextlib
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.errors import BadPathError, ExistsError
from twinhub_kit.files.paths import RelativePath
from twinhub_library.settings import SnapshotSettings
from twinhub_library.snapshots.preparing import Restored
from twinhub_library.snapshots.shelf import NoVersionError
from twinhub_library.testing import CrashPoints, Killed

from tests.unit.library.snapshots.test_snapshots import Place, read_all

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = SnapshotSettings(free_bytes=0)


def path(text: str) -> RelativePath:
    return RelativePath.parse(text)


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Place:
    return Place(tmp_path / "assets", SETTINGS)


def test_file_comes_back_and_the_present_one_becomes_a_version(place: Place) -> None:
    place.write("models/a.txt", "old")
    time = place.take()
    place.write("models/a.txt", "new")
    place.clock.now += timedelta(minutes=1)

    report = place.restores.restore(path("alice/models/a.txt"), time)

    assert (place.area / "models/a.txt").read_text() == "old"
    assert report.outcomes == {"alice/models/a.txt": Restored.RESTORED}
    kept = place.folder_of(report.kept_as) / "files/models/a.txt"
    assert kept.read_text() == "new"


def test_program_stays_a_program(place: Place) -> None:
    place.write("run.sh", "old").chmod(0o755)
    time = place.take()
    place.write("run.sh", "new").chmod(0o644)

    place.restores.restore(path("alice/run.sh"), time)

    assert (place.area / "run.sh").stat().st_mode & 0o777 == 0o755


def test_deleted_folder_comes_back_with_the_folders_above_it(place: Place) -> None:
    place.write("models/deep/tank/a.txt", "one")
    time = place.take()
    shutil.rmtree(place.area / "models")

    place.restores.restore(path("alice/models/deep/tank"), time)

    assert read_all(place.area)["models/deep/tank/a.txt"] == "one"


def test_copy_leaves_the_present_and_refuses_what_is_there(place: Place) -> None:
    place.write("models/tank/a.txt", "old")
    time = place.take()
    place.write("models/tank/a.txt", "new")

    place.restores.restore_copy(path("alice/models/tank"), time, path("alice/models/tank-old"))

    assert read_all(place.area / "models") == {
        "tank": "/", "tank/a.txt": "new", "tank-old": "/", "tank-old/a.txt": "old",
    }  # fmt: skip
    with pytest.raises(ExistsError, match="another name"):
        place.restores.restore_copy(path("alice/models/tank"), time, path("alice/models/tank-old"))
    assert not [one for one in (place.area / "models").iterdir() if one.name.startswith(".")]


def test_caches_and_what_was_never_kept_stay_as_they_are(tmp_path: Path) -> None:
    place = Place(tmp_path / "s", SnapshotSettings(free_bytes=0, largest_file_bytes=4))
    place.write("tank/a", "old")
    time = place.take()
    place.write("tank/a", "new")
    place.write("tank/huge", "12345")
    place.write("tank/__pycache__/x", "x")
    place.write("tank/later", "x")

    report = place.restores.restore(path("alice/tank"), time)

    assert read_all(place.area / "tank") == {
        "a": "old", "huge": "12345", "__pycache__": "/", "__pycache__/x": "x",
    }  # fmt: skip
    assert report.outcomes["alice/tank/later"] is Restored.REMOVED
    assert report.outcomes["alice/tank/huge"] is Restored.KEPT


def test_what_is_written_after_the_present_was_kept_is_not_touched(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write("a.txt", "old")
    time = place.take()
    place.write("a.txt", "new")
    take = place.snapshots.take

    def take_and_write(*arguments: object) -> object:
        taken = take(*arguments)  # type: ignore[arg-type]
        place.write("a.txt", "newest of all")
        return taken

    monkeypatch.setattr(place.snapshots, "take", take_and_write)

    report = place.restores.restore(path("alice/a.txt"), time)

    assert report.outcomes == {"alice/a.txt": Restored.KEPT}
    assert (place.area / "a.txt").read_text() == "newest of all"


def test_link_is_restored_as_a_link_and_never_followed(place: Place) -> None:
    (place.root / "bob").mkdir()
    (place.root / "bob/secret").write_text("bob's")
    (place.area / "l").symlink_to("../bob/secret")
    time = place.take()
    (place.area / "l").unlink()
    place.write("l", "mine")

    place.restores.restore(path("alice/l"), time)

    assert str((place.area / "l").readlink()) == "../bob/secret"
    assert (place.root / "bob/secret").read_text() == "bob's"


def test_unknown_version_is_said_to_be_unknown(place: Place) -> None:
    place.write("a.txt", "x")
    time = place.take()

    with pytest.raises(NoVersionError, match="no version of"):
        place.restores.restore(path("alice/a.txt"), "2020-01-01T00-00-00Z")
    with pytest.raises(NoVersionError, match="from the list"):
        place.restores.restore(path("alice/a.txt"), "../..")
    with pytest.raises(NoVersionError, match="not in the version"):
        place.restores.restore(path("alice/b.txt"), time)
    with pytest.raises(BadPathError, match="published"):
        place.restores.restore(path("common/data/x"), time)


@pytest.mark.d4(28)
def test_crash_at_any_write_of_a_restore_is_finished_or_never_begun(tmp_path: Path) -> None:
    at = 0
    while True:
        at += 1
        place = _prepare(tmp_path / "s")
        new = read_all(place.area)
        time = place.times()[0]
        old = read_all(place.folder_of(time) / "files")
        place.clock.now += timedelta(minutes=1)
        with CrashPoints(at) as points, contextlib.suppress(Killed):
            place.restores.restore(path("alice"), time)
        place.snapshots.recover()
        place.restores.recover()

        live = read_all(place.area)  # also without anything that was prepared
        assert live in (old, new)
        if live == old:
            kept = [read_all(place.folder_of(one) / "files") for one in place.times()]
            assert new in kept
        assert not list((place.root / ".library/restores").iterdir())
        place.tree.close()
        if not points.was_killed:
            break
    assert at > 20


def _prepare(root: Path) -> Place:
    shutil.rmtree(root, ignore_errors=True)
    place = Place(root, SETTINGS)
    place.write("tank/a.txt", "old")
    place.write("tank/b.txt", "old b")
    (place.area / "l").symlink_to("tank")
    place.take()
    place.write("tank/a.txt", "new")
    (place.area / "tank/b.txt").unlink()
    place.write("tank/c/d.txt", "new d")
    (place.area / "l").unlink()
    place.write("l", "mine")
    return place
