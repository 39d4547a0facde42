"""Bounded reads of regular files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.files import FileRefusedError, read_file_inside, read_regular_file

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_read_whole_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    path.chmod(0o640)
    file = read_regular_file(path, 5)
    assert (file.content, file.mode) == (b"12345", 0o640)


def test_one_byte_above_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"123456")
    with pytest.raises(FileRefusedError, match="has 6 bytes; 5 are allowed"):
        read_regular_file(path, 5)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent", "does not exist"),
        ("file/below", "does not exist"),
        ("loop", "cannot be read: too many levels of symbolic links"),
        ("nul\0", "cannot exist: its name holds a NUL character"),
        ("n" * 300, "cannot be read: file name too long"),
    ],
)
def test_what_cannot_be_opened_is_refused_in_plain_words(
    tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(FileRefusedError, match=reason):
        read_regular_file(tmp_path / name, 5)


def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*_: object) -> int:  # root, as whom the tests may run, is never denied
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", deny)
    with pytest.raises(FileRefusedError, match="cannot be read: permission denied"):
        read_regular_file(tmp_path, 5)


def test_what_is_read_inside_a_folder_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("private")
    folder = tmp_path / "twin"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "file").write_text("ours")
    (folder / "link").symlink_to("deep/file")
    (folder / "out").symlink_to("..")
    assert read_file_inside(folder, "link", 10).content == b"ours"
    for path in ("out/outside", "../outside", str(tmp_path / "outside")):
        with pytest.raises(FileRefusedError, match="leads out of the folder"):
            read_file_inside(folder, path, 10)
    for path in (".", "deep"):
        with pytest.raises(FileRefusedError, match="is a folder"):
            read_file_inside(folder, path, 10)
