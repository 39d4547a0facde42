"""A disk that is full from any one call on: refused in words, nothing half, nothing left over."""

from __future__ import annotations

import errno
import gc
import io
import os
import shutil
import traceback
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from twinhub_kit.callers import Caller
from twinhub_kit.errors import UnavailableError
from twinhub_kit.files import renaming
from twinhub_kit.files.errors import FullError, NotThereError
from twinhub_kit.files.paths import RelativePath
from twinhub_library.areas import split_path
from twinhub_library.catalogue import find_asset
from twinhub_library.forgetting import forget_person
from twinhub_library.publishing.publisher import Prepared, Wish
from twinhub_library.store.all_tables import METADATA
from twinhub_library.testing import FullDisk

from tests.fixtures.library import CALLERS, TEAM

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinhub_library.library import Library

    Act = Callable[[], object]
    Case = Callable[[Library, Path], Act]

pytestmark = [pytest.mark.d4(28), pytest.mark.d4(66), pytest.mark.heavy]

BOB, ADMIN = CALLERS["bob"], CALLERS["admin"]
ALICE = Caller("alice", scopes=CALLERS["instructor"].scopes)
AREA, _ = split_path(RelativePath(("alice",)))
FOLDER, FILE, NEW = "alice/models/tank", "alice/data/levels.csv", "alice/models/new"
_LASTING = ("locks", "locks/*", "publishing.lock", "journal", "work", "unfinished", "uploads",
            "bin", "bin/*", "bin/teams/*", "bases", "snapshots", "snapshots/*", "restores",
            "teams-off", "git", "git/*")  # fmt: skip
"""Folders of the library's own, and locks, that stay once they are there."""
_CALLS_OF_A_NOTE = 4
_CONTENTS = ("common/.store", ".library/bases")


def path(text: str) -> RelativePath:
    return RelativePath.parse(text)


def look(library: Library, root: Path) -> dict[str, Any]:
    """Return all that there is: names with contents, and the rows of the database.

    Content that nothing refers to does not count, which is collected later, nor the record of an
    import that is not there, which a full database keeps until the next start.
    """
    seen: dict[str, Any] = {}
    for one in root.rglob("*"):
        name = str(one.relative_to(root))
        if not name.startswith(_CONTENTS) and not _is_lasting(name):
            content = one.read_bytes() if one.is_file() else None
            seen[name] = one.readlink() if one.is_symlink() else content
    with library.database.session() as session:
        for metadata in METADATA:
            for table in metadata.sorted_tables:
                rows = session.execute(select(table)).all()
                seen[f"table {table.name}"] = sorted(
                    repr(row) for row in rows if getattr(row, "is_done", True)
                )
    return seen


def _is_lasting(name: str) -> bool:
    own = Path(name).parts[1:] if name.startswith(".library/") else ()
    return any(
        len(own) == lasting.count("/") + 1 and Path(*own).match(lasting) for lasting in _LASTING
    )


def prepare(library: Library, source: str, version: str) -> Prepared:
    asset = find_asset(library.tree, path(source))
    assert asset is not None
    return library.publishing.publisher.prepare(ALICE, Wish(asset, version))


def publish(library: Library, version: str) -> None:
    library.publishing.publisher.put(ALICE, prepare(library, FOLDER, version))


def _write(library: Library, _: Path) -> Act:
    def act() -> None:
        with library.files.begin_file(path(FILE), size=3) as file:
            file.write(b"new")
            library.files.put_in_place(path(FILE), file, None)

    return act


def _create(library: Library, _: Path) -> Act:
    def act() -> None:
        with library.files.begin_file(path("alice/data/new.csv"), size=3) as file:
            file.write(b"new")
            library.files.put_in_place(path("alice/data/new.csv"), file, "")

    return act


def _copy(library: Library, _: Path) -> Act:
    return lambda: library.files.copy(path(FOLDER), path(NEW))


def _move(library: Library, _: Path) -> Act:
    return lambda: library.files.move(ALICE, path(FOLDER), path(NEW))


def _delete(library: Library, _: Path) -> Act:
    return lambda: library.files.delete(ALICE, path(FOLDER))


def _restore(library: Library, _: Path) -> Act:
    number = library.files.delete(ALICE, path(FOLDER)).id
    return lambda: library.files.restore(ALICE, AREA, number)


def _unpack(library: Library, _: Path) -> Act:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x/one", b"1")
        archive.writestr("x/y/two", b"2")
    archive_file = os.memfd_create("archive")  # closed with the process
    os.write(archive_file, file.getvalue())
    return lambda: library.files.unpack(archive_file, path(NEW))


def _begin_upload(library: Library, _: Path) -> Act:
    return lambda: library.uploads.begin("alice", path(FILE), 3)


def _finish_upload(library: Library, _: Path) -> Act:
    upload = library.uploads.begin("alice", path(FILE), 3)
    library.uploads.append(upload.id, bytearray(b"new"))
    return lambda: library.uploads.finish(upload.id)


def _publish(library: Library, root: Path) -> Act:
    publish(library, "1.0.0")
    (root / FOLDER / "model.txt").write_text("level = 1\n")
    return lambda: publish(library, "1.1.0")


def _withdraw(library: Library, _: Path) -> Act:
    publish(library, "1.0.0")
    row = library.publishing.publisher.versions.get("models", "tank", "1.0.0")
    return lambda: library.publishing.publisher.withdraw(ALICE, row, why="wrong")


def _transfer(library: Library, _: Path) -> Act:
    publish(library, "1.0.0")
    return lambda: library.publishing.publisher.transfer(ADMIN, "models", "tank", "user:bob")


def _propose(library: Library, _: Path) -> Act:
    return lambda: library.publishing.proposals.add(ALICE, prepare(library, FOLDER, "1.0.0"))


def _accept(library: Library, _: Path) -> Act:
    row = library.publishing.proposals.add(ALICE, prepare(library, FOLDER, "1.0.0"))
    proposals = library.publishing.proposals
    return lambda: proposals.accept(ADMIN, proposals.get(ADMIN, row.id), "good")


def _import(library: Library, _: Path) -> Act:
    publish(library, "1.0.0")
    imports = library.publishing.imports
    return lambda: imports.start(BOB, path("common/models/tank"), "", path("bob/models/tank"))


def _import_plain(library: Library, _: Path) -> Act:
    imports = library.publishing.imports
    return lambda: imports.start(ALICE, path(FOLDER), "", path("alice/models/copy"))


def _changed_import(library: Library, root: Path) -> int:
    """Import, change both sides, publish anew; return the number of the import."""
    number: int = _import(library, root)().id  # type: ignore[attr-defined]
    (root / FOLDER / "model.txt").write_text("level = 1\n")
    (root / FOLDER / "sub").mkdir()
    (root / FOLDER / "sub/more.txt").write_text("more\n")
    publish(library, "1.1.0")
    (root / "bob/models/tank/model.txt").write_text("level = 2\n")
    return number


def _update(library: Library, root: Path) -> Act:
    number, imports = _changed_import(library, root), library.publishing.imports
    return lambda: imports.update(BOB, imports.get(number))


def _fresh(library: Library, root: Path) -> Act:
    number, imports = _changed_import(library, root), library.publishing.imports
    return lambda: imports.start_fresh(BOB, imports.get(number), "")


def _snapshot(library: Library, _: Path) -> Act:
    return lambda: library.snapshots.take(AREA)


def _restore_copy(library: Library, _: Path) -> Act:
    time = library.snapshots.take(AREA).time
    return lambda: library.restores.restore_copy(path(FOLDER), time, path(NEW))


def _changed_since(library: Library, root: Path) -> str:
    """Keep a version, change all that it has, and keep that; return the time of the first."""
    tank = root / FOLDER
    (tank / "sub/deep").mkdir(parents=True)
    (tank / "sub/deep/more.txt").write_text("more\n")
    (tank / "sub/link").symlink_to("deep")
    (tank / "was").write_text("a file\n")
    time = library.snapshots.take(AREA).time
    for name in ("README.md", "model.txt"):
        (tank / name).write_text("new\n")
    shutil.rmtree(tank / "sub")
    (tank / "was").unlink()
    (tank / "was").mkdir()
    (tank / "was/new.txt").write_text("new\n")
    while library.snapshots.take(AREA).is_new:
        pass  # until none of what was just written may still change in the same tick of the clock
    return time


def _restore_folder(library: Library, root: Path) -> Act:
    time = _changed_since(library, root)
    return lambda: library.restores.restore(path(FOLDER), time)


def _restore_area(library: Library, root: Path) -> Act:
    time = _changed_since(library, root)
    return lambda: library.restores.restore(path("alice"), time)


def _restore_deep(library: Library, root: Path) -> Act:
    time = _changed_since(library, root)
    return lambda: library.restores.restore(path(f"{FOLDER}/sub/deep/more.txt"), time)


def _team_off(library: Library, _: Path) -> Act:
    return lambda: library.teams.switch_off(TEAM, by="admin")


def _team_on(library: Library, _: Path) -> Act:
    library.teams.switch_off(TEAM, by="admin")
    return lambda: library.teams.switch_on(TEAM, by="admin")


WHOLE: tuple[Case, ...] = (
    _write, _create, _copy, _move, _delete, _restore, _unpack, _begin_upload, _finish_upload,
    _publish, _withdraw, _transfer, _propose, _accept, _import, _import_plain, _update, _fresh,
    _snapshot, _restore_copy,
)  # fmt: skip


def sweep(library: Library, root: Path, act: Act, number: int = errno.ENOSPC) -> int:
    """Try with the disk full at every call; all is as before until all is well."""
    before = look(library, root)
    act_count, files = 0, None
    for at, error in FullDisk.sweep(act, number=number):
        if error is None:
            assert look(library, root) != before, at
            break
        assert isinstance(error, FullError | UnavailableError), (at, repr(error))
        now = look(library, root)
        differing = {one for one in now | before if now.get(one) != before.get(one)}
        assert not differing, (at, repr(error))
        assert error.__traceback__ is not None
        traceback.clear_frames(error.__traceback__.tb_next)  # they hold what ends with the error
        gc.collect()
        opened = len(list(Path("/proc/self/fd").iterdir()))
        assert files is None or opened == files, (at, "a descriptor is left open")
        act_count, files = at, opened
    return act_count


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case.__name__.strip("_"))
def test_full_disk_leaves_all_as_it_was(library: Library, library_root: Path, case: Case) -> None:
    act = case(library, library_root)
    sweep(library, library_root, act)


@pytest.mark.parametrize(
    "case", [_restore_folder, _restore_area, _restore_deep], ids=lambda case: case.__name__
)
def test_full_disk_leaves_all_as_it_was_when_a_version_is_put_over_the_present(
    library: Library, library_root: Path, case: Case
) -> None:
    act = case(library, library_root)
    assert sweep(library, library_root, act) > _CALLS_OF_A_NOTE


def test_quota_of_the_file_system_is_refused_as_a_full_disk_is(
    library: Library, library_root: Path
) -> None:
    sweep(library, library_root, _copy(library, library_root), errno.EDQUOT)


@pytest.mark.parametrize("case", [_move, _delete, _restore], ids=lambda case: case.__name__)
def test_full_disk_leaves_all_as_it_was_where_areas_are_volumes(
    library: Library, library_root: Path, case: Case, two_volumes: None
) -> None:
    del two_volumes
    (library_root / "alice/models/tank/sub").mkdir()
    act = case(library, library_root)
    if case is _move:
        (library_root / "bob/models").mkdir(exist_ok=True)
        act = lambda: library.files.move(ALICE, path(FOLDER), path("bob/models/tank"))  # noqa: E731
    assert sweep(library, library_root, act) > 0


def test_what_cannot_be_removed_from_its_volume_stays_whole_or_goes_to_the_bin_whole(
    library: Library, library_root: Path, two_volumes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del two_volumes
    before = look(library, library_root)
    remove, copied = os.unlink, iter(range(1000))

    def fail_at_the_second(name: str, *, dir_fd: int | None = None) -> None:
        if name == "README.md" or (name == "model.txt" and next(copied) > 0):
            raise OSError(errno.EIO, "Input/output error")
        remove(name, dir_fd=dir_fd)

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", fail_at_the_second)
        removed = library.files.delete(ALICE, path(FOLDER))
    assert not (library_root / FOLDER).exists()
    library.files.restore(ALICE, AREA, removed.id)
    library.files.staging.recover()
    assert look(library, library_root) == before


@pytest.mark.parametrize("case", [_team_off, _team_on], ids=lambda case: case.__name__)
def test_full_disk_leaves_a_team_on_or_off_and_all_its_files(
    library: Library, library_root: Path, case: Case
) -> None:
    act = case(library, library_root)
    for at, error in FullDisk.sweep(act):
        assert error is None or isinstance(error, FullError | UnavailableError), at
        library.teams.recover()
        found = [
            one for place in ("teams", ".library/teams-off")
            for one in (library_root / place).rglob("model.txt")
        ]  # fmt: skip
        assert [one.read_text() for one in found] == ["flow = speed * volume\n"], at
        assert library.teams.is_on(TEAM) == ("teams" in found[0].relative_to(library_root).parts), (
            at
        )


def test_user_is_forgotten_when_there_is_room_again(library: Library, library_root: Path) -> None:
    number = _changed_import(library, library_root)
    library.uploads.begin("bob", path("bob/models/half"), 3)
    for at, error in FullDisk.sweep(lambda: forget_person(library, "bob")):
        assert error is None or isinstance(error, FullError | UnavailableError), at
    with pytest.raises(NotThereError):
        library.publishing.imports.get(number)
    assert not library.uploads.list_of("bob")


@pytest.fixture(name="two_volumes")
def _two_volumes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each area, and the library's own folder, be a volume that nothing is renamed out of."""
    rename = renaming._rename

    def refuse(old_folder: int, old: str, new_folder: int, new: str, flags: int) -> int:
        volumes = {_volume(folder) for folder in (old_folder, new_folder)}
        return rename(old_folder, old, new_folder, new, flags) if len(volumes) == 1 else errno.EXDEV

    monkeypatch.setattr(renaming, "_rename", refuse)


def _volume(folder: int) -> str:
    """Return the name below the assets root that an open folder is, or is in."""
    parts = Path(f"/proc/self/fd/{folder}").readlink().parts
    return parts[parts.index("assets") + 1]
