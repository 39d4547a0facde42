"""Snapshots: whole, exact, cheap where nothing changed, and thinned out by age."""

from __future__ import annotations

import os
import random
import shutil
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_kit.files.paths import RelativePath
from twinhub_library.areas import split_path
from twinhub_library.settings import SnapshotSettings
from twinhub_library.snapshots import cloning, taking
from twinhub_library.snapshots.caches import is_cache
from twinhub_library.snapshots.restores import Restores
from twinhub_library.snapshots.snapshots import Snapshots
from twinhub_library.snapshots.thinning import Kept, choose_kept
from twinhub_library.snapshots.times import free_name, name_of, time_of
from twinhub_library.testing import CrashPoints
from twinhub_library.tree import Tree

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = datetime(2026, 11, 26, 20, 0, tzinfo=UTC)
ALICE = split_path(RelativePath(("alice",)))[0]


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Place:
    """An assets root with alice's area, and what takes and restores its versions."""

    def __init__(self, root: Path, settings: SnapshotSettings) -> None:
        (root / ".library").mkdir(parents=True, exist_ok=True)
        self.area = root / "alice"
        self.area.mkdir(exist_ok=True)
        self.root, self.clock = root, Clock()
        self.tree = Tree(root)
        self.snapshots = Snapshots(self.tree, settings, self.clock, is_cache)
        self.restores = Restores(self.tree, self.snapshots)

    def write(self, name: str, text: str) -> Path:
        file = self.area / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def take(self) -> str:
        self.clock.now += timedelta(minutes=1)
        return self.snapshots.take(ALICE).time

    def folder_of(self, time: str) -> Path:
        return self.root / ".library" / "snapshots" / "alice" / time

    def times(self) -> list[str]:
        return self.snapshots.shelf.list_times(ALICE)


@pytest.fixture(name="settings")
def _settings() -> SnapshotSettings:
    return SnapshotSettings(free_bytes=0)


@pytest.fixture(name="place")
def _place(tmp_path: Path, settings: SnapshotSettings) -> Iterator[Place]:
    place = Place(tmp_path / "assets", settings)
    yield place
    place.tree.close()


@pytest.fixture(name="_settled")
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file count as settled at once: tests write and take within one tick."""
    monkeypatch.setattr(taking, "_TICK_NANOSECONDS", -(10**12))


def read_all(folder: Path) -> dict[str, str]:
    """Return what is in a folder: content of files, targets of links, folders."""
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_dir():
            found[name] = "/"
        else:
            found[name] = path.read_text()
    return found


def test_snapshot_holds_the_area_as_it_is(place: Place) -> None:
    place.write("models/tank/a.txt", "one")
    (place.area / "models" / "link").symlink_to("tank")
    (place.area / "data").mkdir()

    time = place.take()

    assert read_all(place.folder_of(time) / "files") == read_all(place.area)


@pytest.mark.usefixtures("_settled")
def test_unchanged_area_makes_no_snapshot(place: Place) -> None:
    place.write("models/a.txt", "one")
    first = place.take()

    assert place.take() == first
    assert place.times() == [first]


@pytest.mark.usefixtures("_settled")
@pytest.mark.parametrize("change", ["write", "chmod", "remove", "rename", "link", "folder"])
def test_every_kind_of_change_makes_one(place: Place, change: str) -> None:
    file = place.write("models/a.txt", "one")
    before = place.take()
    match change:
        case "write":
            file.write_text("two")
        case "chmod":
            file.chmod(0o755)
        case "remove":
            file.unlink()
        case "rename":
            file.rename(file.with_name("b.txt"))
        case "link":
            (place.area / "l").symlink_to("models")
        case "folder":
            (place.area / "data").mkdir()

    after = place.take()

    assert after != before
    assert read_all(place.folder_of(after) / "files") == read_all(place.area)


@pytest.mark.usefixtures("_settled")
def test_unchanged_files_are_stored_once_and_never_shared_with_live_ones(place: Place) -> None:
    live = place.write("models/a.txt", "one")
    first = place.folder_of(place.take()) / "files/models/a.txt"
    place.write("models/b.txt", "new")
    second = place.folder_of(place.take()) / "files/models/a.txt"

    assert second.samefile(first)
    assert not second.samefile(live)
    with live.open("r+") as file:  # as programs do that write in place
        file.write("TWO")
    assert first.read_text() == "one"


def test_file_written_within_one_tick_of_its_copy_is_copied_anew(place: Place) -> None:
    place.write("a.txt", "one")
    first = place.take()
    second = place.take()

    assert second != first, "the first copy could be older than the file"
    assert read_all(place.folder_of(second) / "files") == {"a.txt": "one"}


def test_file_that_is_written_all_the_time_is_left_out_and_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = place.write("log.txt", "0")
    place.write("still.txt", "x")
    copy = cloning.make_copy

    def copy_while_written(source: int, folder: int, name: str, *, keeps_time: bool) -> int:
        done = copy(source, folder, name, keeps_time=keeps_time)
        if name == "log.txt":
            busy.write_text(busy.read_text() + "0")
        return done

    monkeypatch.setattr(taking, "make_copy", copy_while_written)

    taken = place.snapshots.take(ALICE)

    assert taken.left_out == {"busy": 1}
    assert read_all(place.folder_of(taken.time) / "files") == {"still.txt": "x"}


def test_pipes_sockets_and_huge_files_are_left_out_without_waiting(tmp_path: Path) -> None:
    place = Place(tmp_path / "s", SnapshotSettings(free_bytes=0, largest_file_bytes=4))
    place.write("small", "1234")
    place.write("huge", "12345")
    os.mkfifo(place.area / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place.area / "socket"))
        taken = place.snapshots.take(ALICE)

    assert taken.left_out == {"huge": 1, "special": 2}
    assert read_all(place.folder_of(taken.time) / "files") == {"small": "1234"}


def test_caches_have_no_versions(place: Place) -> None:
    place.write("models/__pycache__/a.pyc", "x")
    place.write("models/.ipynb_checkpoints/a.ipynb", "x")

    assert read_all(place.folder_of(place.take()) / "files") == {"models": "/"}


def test_without_room_none_is_taken_and_the_reason_is_told(tmp_path: Path) -> None:
    place = Place(tmp_path / "s", SnapshotSettings(free_bytes=1 << 60))
    place.write("a.txt", "one")

    taken = place.snapshots.take(ALICE)

    assert not taken.time
    assert "GiB free" in taken.notice
    assert place.snapshots.notice_of(ALICE) == taken.notice
    assert place.times() == []


@pytest.mark.usefixtures("_settled")
def test_what_there_is_no_time_for_is_copied_by_the_next_one(tmp_path: Path) -> None:
    place = Place(tmp_path / "s", SnapshotSettings(free_bytes=0, seconds=0))
    place.write("a.txt", "one")
    first = place.snapshots.take(ALICE)
    patient = Snapshots(place.tree, SnapshotSettings(free_bytes=0), place.clock, is_cache)

    second = patient.take(ALICE)

    assert first.left_out == {"time": 1}
    assert read_all(place.folder_of(second.time) / "files") == {"a.txt": "one"}


@pytest.mark.usefixtures("_settled")
@pytest.mark.d4(66)
def test_clock_that_jumps_back_costs_no_second_copy_and_no_version(place: Place) -> None:
    place.write("a.txt", "one")
    place.clock.now = START + timedelta(days=1)
    place.snapshots.take(ALICE)
    place.clock.now = START - timedelta(days=1)
    place.write("b.txt", "two")

    taken = place.snapshots.take(ALICE)

    assert taken.copied_bytes in {0, 3}, "a.txt is linked to the copy of the day after"
    assert len(place.times()) == 2
    place.snapshots.thin(ALICE)
    assert taken.time in place.times()


@pytest.mark.d4(28)
def test_crash_at_any_write_leaves_whole_snapshots_or_none(tmp_path: Path) -> None:
    def prepare() -> Place:
        shutil.rmtree(tmp_path / "s", ignore_errors=True)
        made = Place(tmp_path / "s", SnapshotSettings(free_bytes=0))
        made.write("models/tank/a.txt", "one")
        made.write("b.txt", "two")
        (made.area / "l").symlink_to("b.txt")
        made.take()
        made.write("models/tank/c.txt", "three")
        return made

    total = _count_writes(prepare())
    for at in range(1, total + 1):
        place = prepare()
        with pytest.raises(BaseException, match="at write"), CrashPoints(at):
            place.take()
        place.snapshots.recover()
        for moment in place.times():
            files = read_all(place.folder_of(moment) / "files")
            assert files in (
                read_all(place.area),
                {k: v for k, v in read_all(place.area).items() if not k.endswith("c.txt")},
            )
        assert not [one for one in (place.root / ".library/snapshots").iterdir()
                    if one.name.startswith(".")]  # fmt: skip
        assert read_all(place.folder_of(place.take()) / "files") == read_all(place.area)
        place.tree.close()
    assert total > 8


def _count_writes(place: Place) -> int:
    with CrashPoints() as points:
        place.take()
    place.tree.close()
    return points.count


@pytest.mark.usefixtures("_settled")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.d4(36)
def test_restoring_any_snapshot_gives_exactly_the_bytes_of_that_moment(
    place: Place, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable
    moments: dict[str, dict[str, str]] = {}
    for _ in range(12):
        for _ in range(chance.randint(1, 5)):
            _change(place.area, chance)
        moments[place.take()] = read_all(place.area)

    for moment in chance.sample(sorted(moments), len(moments)):
        before = read_all(place.area)
        place.clock.now += timedelta(minutes=1)
        report = place.restores.restore(RelativePath(("alice",)), moment)
        assert read_all(place.area) == moments[moment]
        assert read_all(place.folder_of(report.kept_as) / "files") == before


def _change(area: Path, chance: random.Random) -> None:
    """Do one thing of those that people do to files."""
    name = area / chance.choice(["a", "b", "d/a", "d/b", "d/e/a", "f"])
    there = [one for one in sorted(area.rglob("*")) if not one.is_dir() or one.is_symlink()]
    match chance.randrange(6):
        case 0 | 1 | 2:
            if not any(one.is_symlink() or one.is_file() for one in name.parents if one != area):
                if name.is_dir() and not name.is_symlink():
                    shutil.rmtree(name)
                name.unlink(missing_ok=True)
                name.parent.mkdir(parents=True, exist_ok=True)
                name.write_text(str(chance.random()))
        case 3 if there:
            chance.choice(there).unlink()
        case 4 if not name.exists() and name.parent.is_dir():
            name.unlink(missing_ok=True)
            name.symlink_to(chance.choice(["a", "d", "../bob"]))
        case 5 if (area / "d").is_dir() and not (area / "d").is_symlink():
            shutil.rmtree(area / "d")


def test_all_areas_are_taken_in_a_thread_that_gives_way(place: Place) -> None:
    place.write("a.txt", "one")
    (place.root / "teams/pumps/models").mkdir(parents=True)
    (place.root / "common/models").mkdir(parents=True)
    before = os.nice(0)

    place.snapshots.take_all(threading.Event())

    taken = sorted(
        str(one.relative_to(place.root / ".library/snapshots"))
        for one in (place.root / ".library/snapshots").rglob("files")
    )
    assert [one.rpartition("/2026")[0] for one in taken] == ["alice", "teams/pumps"]
    assert os.nice(0) == before


def test_taking_all_ends_when_it_is_told_to(place: Place) -> None:
    place.write("a.txt", "one")
    stopping = threading.Event()
    stopping.set()

    place.snapshots.take_all(stopping)

    assert place.times() == []


def test_snapshots_are_thinned_out(place: Place) -> None:
    for hour in range(30):
        place.clock.now = START + timedelta(hours=hour)
        place.write("a.txt", str(hour))
        place.snapshots.take(ALICE)
        place.snapshots.thin(ALICE)

    kept = place.times()

    assert kept[0] == name_of(START + timedelta(hours=29))
    assert len(kept) == 25, "24 of the last hours, and the newest of yesterday"


@given(
    st.sets(st.integers(0, 24 * 400), min_size=1, max_size=60),
    st.integers(0, 30), st.integers(0, 9), st.integers(0, 5), st.integers(0, 5),
)  # fmt: skip
def test_thinning_keeps_the_newest_is_bounded_and_is_done_once(
    ages: set[int], hours: int, days: int, weeks: int, months: int
) -> None:
    times = {START - timedelta(hours=age) for age in ages}
    kept = Kept(hours, days, weeks, months)

    chosen = choose_kept(times, kept)

    assert max(times) in chosen
    assert chosen <= times
    assert len(chosen) <= 1 + hours + days + weeks + months
    assert choose_kept(chosen, kept) == chosen


def test_names_of_snapshots_are_times_and_nothing_else_is() -> None:
    assert time_of(name_of(START)) == START
    assert time_of("../x") is None
    assert time_of("2026-1-1T00-00-00Z") is None
    assert free_name(START, {name_of(START)}) == "2026-11-26T20-00-01Z"


def test_waiting_for_the_tick_makes_the_second_look_sure(place: Place) -> None:
    place.write("a.txt", "one")
    wait_for(lambda: time.time() - (place.area / "a.txt").stat().st_ctime > 0.06, seconds=5,
             what="a tick has passed")  # fmt: skip

    assert place.take() == place.take()
