"""The folder of a new user: private, whole, made once, and never through a symbolic link."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from twinhub_hub.assets import AssetsError, ensure_user_folder
from twinhub_hub.assets.errors import UnsafePathError

from tests.fixtures.requirements import need_root

TEMPLATE = Path(__file__).parents[3] / "config" / "assets" / "template"
KINDS = ("data", "models", "functions", "tools", "digital_twins")
UID = os.getuid()


@pytest.fixture
def as_root() -> None:
    need_root("only root can give files away")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "assets"


def ensure(root: Path, label: str = "ada") -> Path:
    return ensure_user_folder(TEMPLATE, root, label, uid=UID)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_user_has_the_five_kinds_a_welcome_and_an_empty_mount_point(root: Path) -> None:
    folder = ensure(root)

    assert folder == root / "ada"
    assert {path.name for path in folder.iterdir()} == {*KINDS, "common", "README.md"}
    assert all((folder / kind / "README.md").is_file() for kind in KINDS)
    assert list((folder / "common").iterdir()) == []


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_folder_is_private_under_any_umask(root: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        folder = ensure(root)
    finally:
        os.umask(before)

    assert mode_of(folder) == 0o700
    assert mode_of(folder / "common") == mode_of(folder / "data") == 0o755
    assert mode_of(folder / "README.md") == 0o644


def test_a_folder_that_is_there_keeps_every_byte(root: Path) -> None:
    folder = ensure(root)
    (folder / "README.md").write_text("mine")
    (folder / "data" / "README.md").unlink()

    assert ensure(root) == folder
    assert (folder / "README.md").read_text() == "mine"
    assert not (folder / "data" / "README.md").exists()


def test_a_missing_mount_point_is_made(root: Path) -> None:
    (ensure(root) / "common").rmdir()

    assert (ensure(root) / "common").is_dir()


@pytest.mark.d4(21)
@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../ada", "/ada", ".ada", "Ada", "common"])
def test_what_is_no_label_is_refused(root: Path, name: str) -> None:
    with pytest.raises(AssetsError, match="no label"):
        ensure(root, name)
    assert not root.exists()


@pytest.mark.d4(21)
@pytest.mark.parametrize("dangling", [True, False])
def test_a_folder_that_is_a_symbolic_link_is_refused(
    root: Path, tmp_path: Path, *, dangling: bool
) -> None:
    root.mkdir()
    elsewhere = tmp_path / "elsewhere"
    if not dangling:
        elsewhere.mkdir()
    (root / "ada").symlink_to(elsewhere)

    with pytest.raises(UnsafePathError, match="ada is a symbolic link"):
        ensure(root)
    assert not elsewhere.exists() or not list(elsewhere.iterdir())


@pytest.mark.d4(21)
@pytest.mark.parametrize("kind", ["link", "dangling link", "file", "pipe"])
@pytest.mark.timeout(20)
def test_a_mount_point_of_another_kind_is_refused(root: Path, tmp_path: Path, kind: str) -> None:
    point = ensure(root) / "common"
    point.rmdir()
    match kind:
        case "link":
            point.symlink_to(tmp_path)
        case "dangling link":
            point.symlink_to(tmp_path / "nowhere")
        case "file":
            point.touch()
        case _:
            os.mkfifo(point)

    with pytest.raises(UnsafePathError, match="common is a symbolic link or no folder"):
        ensure(root)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.d4(22)
def test_a_mount_point_that_is_being_swapped_leads_nowhere_else(root: Path, tmp_path: Path) -> None:
    point, elsewhere = ensure(root) / "common", tmp_path / "elsewhere"
    elsewhere.mkdir()
    before = mode_of(elsewhere)
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            with contextlib.suppress(OSError):
                point.rmdir()
            with contextlib.suppress(OSError):
                point.symlink_to(elsewhere)
            with contextlib.suppress(OSError):
                point.unlink()

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(500):
            with contextlib.suppress(UnsafePathError, FileNotFoundError):
                ensure(root)
    finally:
        done.set()
        swapper.join()

    assert list(elsewhere.iterdir()) == []
    assert mode_of(elsewhere) == before


def test_concurrent_calls_end_with_one_whole_folder(root: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: ensure(root), range(32)))

    assert set(folders) == {root / "ada"}
    assert [path.name for path in root.iterdir()] == ["ada"]
    assert all((root / "ada" / kind / "README.md").is_file() for kind in KINDS)


@pytest.mark.d4(28)
def test_a_failure_on_the_way_leaves_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        ensure(root)
    assert list(root.iterdir()) == []


def test_a_missing_template_is_named(root: Path, tmp_path: Path) -> None:
    with pytest.raises(AssetsError, match="nowhere is missing"):
        ensure_user_folder(tmp_path / "nowhere", root, "ada", uid=UID)


@pytest.mark.usefixtures("as_root")
def test_the_owner_is_set_at_creation_only(root: Path) -> None:
    folder = ensure_user_folder(TEMPLATE, root, "ada", uid=4321)
    assert {path.stat().st_uid for path in [folder, *folder.rglob("*")]} == {4321}

    os.chown(folder / "README.md", 1234, 1234)
    ensure_user_folder(TEMPLATE, root, "ada", uid=4321)
    assert (folder / "README.md").stat().st_uid == 1234
