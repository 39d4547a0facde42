"""Digests of folders that somebody changes meanwhile."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.errors import FileError
from twinhub_runner.copies.digests import digest_of_folder
from twinhub_runner.folders import opened_folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.d4(43)
def test_endless_holes_are_refused_and_small_ones_are_not(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(1 << 20)
    with opened_folder(tmp_path) as folder:
        assert digest_of_folder(folder)
        (tmp_path / "b").touch()
        os.truncate(tmp_path / "b", 1 << 42)
        with pytest.raises(FileError, match="b is large, and mostly holes"):
            digest_of_folder(folder)


def test_link_that_is_swapped_meanwhile_is_told_as_a_change(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    link, file = tmp_path / "folder/link", tmp_path / "file"
    link.symlink_to("nowhere")
    file.write_text("1\n")
    is_over = threading.Event()

    def swap() -> None:
        while not is_over.is_set():
            link.rename(tmp_path / "spare")
            file.rename(link)
            link.rename(file)
            (tmp_path / "spare").rename(link)

    swapper = threading.Thread(target=swap)
    swapper.start()
    found = set()
    try:
        for _ in range(3000):
            with contextlib.suppress(FileError), opened_folder(tmp_path / "folder") as folder:
                found.add(digest_of_folder(folder))
    finally:
        is_over.set()
        swapper.join()
    assert found
