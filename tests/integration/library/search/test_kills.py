"""The real server is killed while files change: its index is what a rescan makes (D4-29)."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from twinhub_library.index.following import Follower
from twinhub_library.index.memory import MemoryIndex
from twinhub_library.tree import Tree

from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fixtures.library import RunningLibrary

    Start = Callable[..., RunningLibrary]

_LAG_SECONDS = 2
_BUSY_SECONDS = 10
"""The machine of the tests does other things; the bench measures the lag."""


def _change_something(source: random.Random, kinds: Path) -> None:
    """Write, move or remove one of a few assets."""
    assets = [kinds / kind / f"asset-{at}" for kind in ("models", "data") for at in range(15)]
    place, other = source.choice(assets), source.choice(assets)
    match source.randrange(6):
        case 0:
            shutil.rmtree(place, ignore_errors=True)
        case 1:
            with contextlib.suppress(OSError):
                place.rename(other)
        case 2:
            with contextlib.suppress(OSError):
                other.with_suffix(".md").write_text(f"# Text {source.randrange(1000)}\n")
        case _:
            place.mkdir(parents=True, exist_ok=True)
            title = f"# Title {source.randrange(1000)}\n"
            temporary = place / ".README.md.part"
            temporary.write_text(title)
            temporary.replace(place / "README.md")


def _rescan(root: Path) -> dict[str, tuple[str, str]]:
    with Tree(root) as tree:
        index = MemoryIndex()
        Follower(tree, index).catch_up()
        documents = index.documents.values()
    return {one.path: (one.title, one.summary) for one in documents if one.area == "common"}


def _search_all(running: RunningLibrary) -> dict[str, tuple[str, str]] | None:
    page = httpx.get(f"{running.url}/api/search?limit=200&area=common").json()
    if not page["is_complete"]:
        return None
    assert page["next"] == ""
    return {hit["path"]: (hit["title"], hit["summary"]) for hit in page["hits"]}


def _kill_and_compare(start: Start, root: Path, source: random.Random) -> None:
    kinds = root / "common"
    running = start(root)
    for _ in range(source.randrange(5, 60)):
        _change_something(source, kinds)
        if source.random() < 0.1:
            _search_all(running)
    running.kill()
    for _ in range(source.randrange(0, 20)):
        _change_something(source, kinds)
    again = start(root)
    expected = _rescan(root)
    wait_for(lambda: _search_all(again) == expected, seconds=30, what="the index is a rescan")
    for _ in range(10):
        _change_something(source, kinds)
    expected = _rescan(root)
    wait_for(lambda: _search_all(again) == expected, seconds=_BUSY_SECONDS, what="it follows")
    again.kill()


@pytest.mark.d4(29)
def test_after_a_kill_the_index_is_what_a_rescan_makes(
    running_library: Start, tmp_path: Path
) -> None:
    for seed in range(2):
        _kill_and_compare(running_library, tmp_path, random.Random(seed))  # noqa: S311


@pytest.mark.d4(29)
@pytest.mark.long
def test_after_any_of_many_kills_the_index_is_what_a_rescan_makes(
    running_library: Start, tmp_path: Path
) -> None:
    seed = int(os.environ.get("TWINHUB_FUZZ_SEED", "7"))
    for at in range(40):
        _kill_and_compare(running_library, tmp_path, random.Random(seed + at))  # noqa: S311


@pytest.mark.parametrize("what", ["truncated", "garbled", "removed", "of another version"])
def test_an_index_that_is_damaged_or_of_another_version_is_built_anew(
    running_library: Start, tmp_path: Path, what: str
) -> None:
    (tmp_path / "common/models/tank").mkdir(parents=True)
    (tmp_path / "common/models/tank/README.md").write_text("# Tank\n")
    running = running_library(tmp_path)
    wait_for(lambda: _search_all(running), seconds=30, what="the first index")
    running.kill()
    index = tmp_path / ".library/state/index"
    for file in [one for one in index.rglob("*") if one.is_file()]:
        if what == "truncated":
            os.truncate(file, file.stat().st_size // 2)
        elif what == "garbled" and not file.name.endswith(".lock"):
            file.write_bytes(b"\xff" * file.stat().st_size)
        elif what == "removed":
            file.unlink()
    if what == "of another version":
        for one in list(index.iterdir()):
            one.rename(one.with_name(f"0{one.suffix}"))
    again = running_library(tmp_path)
    wait_for(lambda: _search_all(again), seconds=30, what="the index is built anew")
    if what == "of another version":
        assert {one.name.partition(".")[0] for one in index.iterdir()} == {"1"}


@pytest.mark.long
def test_twenty_thousand_files_in_one_folder_are_followed_and_stopping_waits_for_none(
    running_library: Start, tmp_path: Path
) -> None:
    folder = tmp_path / "common/data"
    folder.mkdir(parents=True)
    running = running_library(tmp_path)
    for at in range(20_000):
        (folder / f"levels-{at:05}.csv").write_text("1")

    def count() -> int:
        return int(httpx.get(f"{running.url}/api/search?limit=1").json()["count"])

    wait_for(lambda: count() == 20_000, seconds=240, what="all files are found")
    for at in range(20_000):
        (folder / f"levels-{at:05}.csv").write_text("2")
    began = time.monotonic()
    running.process.terminate()
    running.process.wait(60)
    assert time.monotonic() - began < 15
