"""Publishing, importing and updating beside somebody who swaps links: nothing of others moves."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.paths import RelativePath
from twinhub_library.catalogue import find_asset
from twinhub_library.errors import LibraryError
from twinhub_library.merging import FolderContent, merge
from twinhub_library.publishing.errors import NotPublishableError
from twinhub_library.publishing.publisher import Wish

from tests.unit.library.publishing.bench import ALICE, BOB, SOURCE, opened, read, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECONDS = 4.0
_SECRET = b"of carol alone"


@contextlib.contextmanager
def _swapping(name: Path, *, target: str) -> Iterator[None]:
    """While in it, a name is a folder and a link to somebody else's in turn."""
    folder, link = name.with_name("aside-folder"), name.with_name("aside-link")
    link.symlink_to(target)
    ending = threading.Event()

    def swap() -> None:
        while not ending.is_set():
            for one in (link, folder):
                with contextlib.suppress(OSError):
                    name.rename(folder if one is link else link)
                    one.rename(name)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        yield
    finally:
        ending.set()
        swapper.join()


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    with opened(root, is_new=True):
        pass
    (root / "carol/models/x").mkdir(parents=True)
    (root / "carol/models/x/a").write_bytes(_SECRET)
    write(root, SOURCE, {"sub/a": b"alice's", "b": b"alice's"})
    return root


def _holds_secret(folder: Path) -> bool:
    return any(_SECRET in one.read_bytes() for one in folder.rglob("*") if one.is_file())


@pytest.mark.d4(22)
def test_published_is_nothing_of_somebody_elses_while_a_folder_is_swapped_for_a_link(
    root: Path,
) -> None:
    number, refused, end = 0, 0, time.monotonic() + _SECONDS
    with (
        opened(root) as (tree, part),
        _swapping(root / str(SOURCE) / "sub", target="../../../carol/models/x"),
    ):
        while time.monotonic() < end:
            number += 1
            try:
                asset = find_asset(tree, SOURCE)
                assert asset is not None
                wish = Wish(asset, f"1.0.{number}")
                part.publisher.put(ALICE, part.publisher.prepare(ALICE, wish))
            except LibraryError:
                refused += 1
    assert number > 3
    assert not _holds_secret(root / "common")
    assert not list(root.glob(".library/work/*"))


@pytest.mark.d4(22)
def test_update_writes_and_removes_nothing_of_somebody_elses_while_a_folder_is_swapped(
    root: Path,
) -> None:
    place = RelativePath.parse("bob/models/x")
    write(root, place, {"sub/a": b"0"})
    before = read(root, "carol")
    number, end = 0, time.monotonic() + _SECONDS
    with (
        opened(root) as (tree, _),
        _swapping(root / "bob/models/x/sub", target="../../../carol/models/x"),
    ):
        while time.monotonic() < end:
            number += 1
            for side in ("base", "theirs"):
                content = f"{side} {number}".encode() if side == "theirs" else b"0"
                files = {"sub/a": content} if number % 3 or side == "base" else {"other": b"1"}
                shutil.rmtree(root / "bob/data" / side, ignore_errors=True)
                write(root, RelativePath.parse(f"bob/data/{side}"), files)
            base, theirs = (
                FolderContent(tree, RelativePath.parse(f"bob/data/{side}"))
                for side in ("base", "theirs")
            )
            with contextlib.suppress(LibraryError):
                merge(tree, place, base=base, theirs=theirs, label="yours")
    assert number > 3
    assert read(root, "carol") == before


@pytest.mark.d4(23)
def test_link_pipe_and_device_are_not_published(root: Path) -> None:
    with opened(root) as (tree, part):
        for name in ("link", "pipe"):
            odd = root / str(SOURCE) / name
            odd.symlink_to("/etc/passwd") if name == "link" else os.mkfifo(odd)
            asset = find_asset(tree, SOURCE)
            assert asset is not None
            with pytest.raises(NotPublishableError, match=name):
                part.publisher.prepare(ALICE, Wish(asset, "1.0.0"))
            odd.unlink()
    assert not list(root.glob(".library/work/*"))


@pytest.mark.d4(24)
def test_nobody_imports_into_the_common_area_or_over_what_is_there(root: Path) -> None:
    with opened(root) as (tree, part):
        asset = find_asset(tree, SOURCE)
        assert asset is not None
        part.publisher.put(ALICE, part.publisher.prepare(ALICE, Wish(asset, "1.0.0")))
        source = RelativePath.parse("common/models/tank")
        write(root, RelativePath.parse("bob/models/mine"), {"a": b"mine"})
        with pytest.raises(LibraryError, match="there already"):
            part.imports.start(BOB, source, "", RelativePath.parse("bob/models/mine"))
        (root / "bob/functions").symlink_to("../carol")
        with pytest.raises(LibraryError):
            part.imports.start(BOB, source, "", RelativePath.parse("bob/functions/models/y"))
    assert read(root, "bob/models/mine") == {"a": b"mine"}
    assert sorted(one.name for one in (root / "carol").iterdir()) == ["models"]
