"""A folder is removed with all in it, whatever its owner has closed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.walking import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OWNER = 65_534


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Iterator[int]:
    """An open folder of somebody's, who the process is for a while: root gets in everywhere."""
    opened = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    own = os.geteuid()
    if own == 0:
        os.chown(opened, _OWNER, _OWNER)
        os.seteuid(_OWNER)
    try:
        yield opened
    finally:
        os.seteuid(own)
        os.close(opened)


def test_closed_folders_are_opened_and_removed(folder: int) -> None:
    names = ("closed", "closed/inner", "closed/inner/deep")
    for name in names:
        os.mkdir(name, 0o700, dir_fd=folder)
    os.close(os.open("closed/inner/deep/file", os.O_CREAT | os.O_WRONLY, 0o000, dir_fd=folder))
    for name in reversed(names):
        os.chmod(name, 0o000, dir_fd=folder)
    remove_tree(folder, "closed")
    assert os.listdir(folder) == []


def test_link_to_a_closed_folder_is_removed_and_nothing_else(folder: int) -> None:
    os.mkdir("closed", 0o000, dir_fd=folder)
    os.symlink("closed", "link", dir_fd=folder)
    remove_tree(folder, "link")
    assert os.listdir(folder) == ["closed"]
    assert os.stat("closed", dir_fd=folder).st_mode & 0o777 == 0
