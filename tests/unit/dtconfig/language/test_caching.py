"""A twin is loaded once while its file is unchanged, and always as the file is now."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.caching import TwinCache
from twinhub_dtconfig.loading import TwinError

if TYPE_CHECKING:
    from pathlib import Path

TWIN = "format: 1\nname: {}\nphases: {{execute: 'true'}}\n"
LONG_AGO = 1_000_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "twin.yaml", "tank")


def write(path: Path, name: str) -> Path:
    path.write_text(TWIN.format(name), "utf-8")
    return path


def test_an_unchanged_file_is_loaded_once(file: Path) -> None:
    cache = TwinCache()
    assert cache.load(file) is cache.load(file)


def test_a_change_of_the_same_length_right_after_is_seen(file: Path) -> None:
    cache = TwinCache()
    status = file.stat()
    assert cache.load(file).twin.name == "tank"
    write(file, "pump")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert cache.load(file).twin.name == "pump"


def test_a_file_that_takes_the_place_of_another_is_seen(file: Path, tmp_path: Path) -> None:
    cache = TwinCache()
    cache.load(file)
    write(tmp_path / "new", "pump").replace(file)
    assert cache.load(file).twin.name == "pump"


def test_a_file_that_was_only_touched_is_not_loaded_again(file: Path) -> None:
    cache = TwinCache()
    first = cache.load(file)
    os.utime(file)
    assert cache.load(file) is first


def test_a_settled_file_is_not_even_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = TwinCache()
    later = time.time_ns() + 60_000_000_000
    monkeypatch.setattr("twinhub_dtconfig.caching.time.time_ns", lambda: later)
    first = cache.load(file)
    monkeypatch.setattr(
        "twinhub_dtconfig.caching.read_regular_file", lambda *_: pytest.fail("it was read")
    )
    assert cache.load(file) is first


def test_faults_are_kept_and_raised_anew(file: Path) -> None:
    cache = TwinCache()
    file.write_text("format: 1\n", "utf-8")
    errors = []
    for _ in range(2):
        with pytest.raises(TwinError) as caught:
            cache.load(file)
        errors.append(caught.value)
    assert errors[0] is not errors[1]
    assert errors[0].faults == errors[1].faults
    assert errors[0].faults[0].file == str(file)


def test_a_file_that_is_gone_is_a_fault_and_comes_back(file: Path) -> None:
    cache = TwinCache()
    cache.load(file)
    file.unlink()
    with pytest.raises(TwinError, match="does not exist"):
        cache.load(file)
    assert cache.load(write(file, "pump")).twin.name == "pump"


@pytest.mark.parametrize("name", ["nul\0", "."])
def test_what_is_no_file_is_a_fault(tmp_path: Path, name: str) -> None:
    with pytest.raises(TwinError):
        TwinCache().load(tmp_path / name)


def test_those_asked_for_last_are_kept(tmp_path: Path) -> None:
    cache = TwinCache(most=2)
    files = [write(tmp_path / f"{name}.yaml", name) for name in ("a", "b", "c")]
    first = cache.load(files[0])
    cache.load(files[1])
    assert cache.load(files[0]) is first
    cache.load(files[2])
    assert len(cache) == 2
    assert cache.load(files[0]) is first


def test_threads_may_share_a_cache(tmp_path: Path) -> None:
    cache = TwinCache(most=3)
    files = [write(tmp_path / f"t{number}.yaml", f"t{number}") for number in range(6)]
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda at: cache.load(files[at % 6]).twin.name, range(300)))
    assert names == [f"t{at % 6}" for at in range(300)]
    assert len(cache) == 3


def test_large_twins_do_not_fill_the_memory(tmp_path: Path) -> None:
    cache = TwinCache(most_bytes=100)
    for at in range(5):
        cache.load(write(tmp_path / f"{at}.yaml", f"tank-{at}"))
    assert len(cache) == 100 // len(TWIN.format("tank-0"))
    large = write(tmp_path / "large.yaml", "tank")
    large.write_text(f"{large.read_text()}# {'x' * 100}\n")
    assert cache.load(large).twin.name == "tank"
    assert len(cache) == 0
