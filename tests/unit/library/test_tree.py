from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.errors import (
    BadPathError,
    ChangedError,
    ExistsError,
    NotThereError,
    RefusedFileError,
)
from twinhub_kit.files.paths import RelativePath
from twinhub_library.tree import EntryKind, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "models" / "tank").mkdir(parents=True)
    (root / "models" / "tank" / "a.txt").write_text("inside")
    (tmp_path / "root-suffix").mkdir()
    (tmp_path / "root-suffix" / "secret").write_text("outside")
    return root


@pytest.fixture(name="tree")
def _tree(root: Path) -> Iterator[Tree]:
    with Tree(root) as tree:
        yield tree


def _path(text: str) -> RelativePath:
    return RelativePath.parse(text)


def _names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def _read(tree: Tree, text: str) -> bytes:
    with os.fdopen(tree.open_file(_path(text)), "rb") as file:
        return file.read()


@pytest.mark.d4(21)
@pytest.mark.parametrize(
    "text",
    [
        "..", "../root-suffix/secret", "models/../../root-suffix/secret", "/etc/passwd",
        "models/..", "models/\0", "a/\udcff", "models/" + "n" * 256, "/".join("d" * 65), "x\ny",
        "a/" * 2000 + "b",
    ],
)  # fmt: skip
def test_path_that_leads_out_or_can_be_no_file_is_refused(text: str) -> None:
    with pytest.raises(BadPathError):
        RelativePath.parse(text)


@pytest.mark.d4(21)
@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "../../../root-suffix/secret", "../../..", "/proc/self/root/etc/passwd"],
)
def test_link_that_leads_out_is_not_followed(tree: Tree, root: Path, target: str) -> None:
    (root / "models" / "tank" / "link").symlink_to(target)
    with pytest.raises((RefusedFileError, NotThereError)):
        tree.open_file(_path("models/tank/link"))
    for deeper in ("models/tank/link/passwd", "models/tank/link/x/y"):
        with pytest.raises((RefusedFileError, NotThereError)):
            tree.open_file(_path(deeper))
        with pytest.raises((RefusedFileError, NotThereError)):
            tree.write_file(_path(deeper), [b"x"])
    assert tree.get_entry(_path("models/tank/link")).kind is EntryKind.LINK


def test_link_that_stays_inside_is_followed(tree: Tree, root: Path) -> None:
    (root / "models" / "newest").symlink_to("tank")
    assert _read(tree, "models/newest/a.txt") == b"inside"


@pytest.mark.d4(23)
def test_what_is_no_regular_file_is_refused_without_waiting(tree: Tree, root: Path) -> None:
    os.mkfifo(root / "models" / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "models" / "socket"))
        for name in ("pipe", "socket", "tank"):
            with pytest.raises(RefusedFileError):
                tree.open_file(_path(f"models/{name}"))
    kinds = {entry.name: entry.kind for entry in tree.list_folder(_path("models"))}
    assert kinds == {
        "pipe": EntryKind.OTHER, "socket": EntryKind.OTHER, "tank": EntryKind.FOLDER,
    }  # fmt: skip


def test_written_file_replaces_the_old_one_whole(tree: Tree, root: Path) -> None:
    before = tree.open_file(_path("models/tank/a.txt"))
    entry = tree.write_file(_path("models/tank/a.txt"), [b"new ", b"content"])
    assert os.read(before, 100) == b"inside"
    os.close(before)
    assert _read(tree, "models/tank/a.txt") == b"new content"
    assert entry.size == 11
    assert _names(root / "models" / "tank") == ["a.txt"]


@pytest.mark.d4(28)
def test_write_that_is_broken_off_leaves_the_old_file_and_nothing_else(
    tree: Tree, root: Path
) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        tree.write_file(_path("models/tank/a.txt"), chunks())
    assert _read(tree, "models/tank/a.txt") == b"inside"
    assert _names(root / "models" / "tank") == ["a.txt"]


def test_change_by_somebody_else_is_not_overwritten(tree: Tree) -> None:
    path = _path("models/tank/a.txt")
    seen = tree.get_entry(path).etag
    tree.write_file(path, [b"theirs"])
    with pytest.raises(ChangedError):
        tree.write_file(path, [b"mine"], if_match=seen)
    with pytest.raises(ExistsError):
        tree.write_file(path, [b"mine"], if_match="")
    assert _read(tree, "models/tank/a.txt") == b"theirs"


def test_move_replaces_nothing_and_never_goes_into_itself(tree: Tree, root: Path) -> None:
    tree.make_folder(_path("models/pump"))
    tree.write_file(_path("models/pump/a.txt"), [b"pump"])
    with pytest.raises(ExistsError):
        tree.move(_path("models/tank/a.txt"), _path("models/pump/a.txt"))
    with pytest.raises(BadPathError):
        tree.move(_path("models/tank"), _path("models/tank/deeper"))
    tree.move(_path("models/tank"), _path("models/pump/tank"))
    assert (root / "models" / "pump" / "tank" / "a.txt").read_text() == "inside"


_SWAPPER = """
import os, sys, time
folder, outside, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
os.chdir(folder)
end = time.monotonic() + seconds
print("swapping", flush=True)
while time.monotonic() < end:
    os.rename("place", "real"); os.symlink(outside, "place")
    os.unlink("place"); os.rename("real", "place")
"""


@pytest.mark.d4(22)
def test_swapping_links_never_leads_out(tree: Tree, root: Path, tmp_path: Path) -> None:
    """A sample of two seconds; for a minute under every route: tests/security."""
    seconds = "2"
    (root / "place").mkdir()
    (root / "place" / "secret").write_text("inside")
    outside = tmp_path / "root-suffix"
    arguments = [sys.executable, "-c", _SWAPPER, str(root), str(outside), seconds]
    reads = 0
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as swapper:
        assert swapper.stdout is not None
        swapper.stdout.readline()
        while swapper.poll() is None:
            try:
                assert _read(tree, "place/secret") == b"inside"
                reads += 1
                tree.write_file(_path("place/mine"), [b"x"])
            except (NotThereError, RefusedFileError):
                continue
    assert swapper.returncode == 0
    assert reads > 0
    assert _names(outside) == ["secret"]
    assert (outside / "secret").read_text() == "outside"
