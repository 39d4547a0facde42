"""No file costs more than its limits allow, however it is built."""

from __future__ import annotations

import os
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from twinhub_dtconfig.documents import DocumentError, Limits, load_document, parse_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.d4(27)

BOMB = "l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 9)}]\n" for level in range(1, 10)
)


def refuse(content: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(DocumentError) as caught:
        parse_document(content, "f.yaml", limits=limits or Limits())
    return str(caught.value)


def timed(action: Callable[[], str]) -> tuple[str, float]:
    started = time.process_time()  # what others do on the machine does not count
    result = action()
    return result, time.process_time() - started


def test_an_alias_bomb_is_refused_within_100_ms_at_the_alias_that_passes_the_limit() -> None:
    message, seconds = timed(lambda: refuse(BOMB.encode()))
    assert message.startswith("f.yaml:5:35: more than 50,000 values, with aliases written out")
    assert seconds < 0.1


def test_an_alias_counts_as_much_as_it_repeats() -> None:
    text = b"a: &x [1, 2, 3]\nb: *x\n"  # 1 + 4 + 4
    assert parse_document(text, "f.yaml", limits=Limits(nodes=9)).data is not None
    assert "f.yaml:2:4: more than 8 values" in refuse(text, Limits(nodes=8))


def test_aliases_are_counted_even_when_they_repeat_little() -> None:
    text = "a: &x 1\nb: [" + ", ".join(["*x"] * 101) + "]\n"
    assert refuse(text.encode()).startswith("f.yaml:2:405: more than 100 aliases; write values out")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[" * 40, "1:33"),
        ("a: " + "[" * 40, "1:35"),
        ("- " * 40 + "x", "1:65"),
        ("{a: " * 40, "1:129"),
    ],
)
def test_nesting_is_limited_to_32_levels(text: str, place: str) -> None:
    assert refuse(text.encode()).startswith(f"f.yaml:{place}: nested more than 32 levels deep")


def test_32_levels_are_allowed() -> None:
    assert parse_document(b"[" * 32 + b"]" * 32, "f.yaml").data is not None


def test_an_alias_cannot_nest_deeper_than_the_limit() -> None:
    text = "a: &x [[[1]]]\nb: [[*x]]\n"
    assert "f.yaml:2:6: nested more than 5 levels" in refuse(text.encode(), Limits(depth=5))
    assert parse_document(text.encode(), "f.yaml", limits=Limits(depth=6)).data is not None


@pytest.mark.parametrize(
    "unit", [b"[", b"{", b"? ", b"- ", b"[x,", b"&a ", b"'x", b"*a ", b"!!str "]
)
def test_a_mebibyte_of_one_indicator_is_refused_quickly(unit: bytes) -> None:
    content = unit * (2**20 // len(unit))
    _, seconds = timed(lambda: refuse(content))
    assert seconds < 0.5


def test_faults_are_not_collected_without_end() -> None:
    message = refuse(b"a: 1\n" * 5000)
    assert len(message.splitlines()) == 100


def test_content_above_the_size_is_refused() -> None:
    assert refuse(b"a: 12345", Limits(size_bytes=7)) == (
        "f.yaml:1:1: the file has 8 bytes, which is too many; keep it below 7"
    )


def test_ten_megabytes_are_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"a: 1\n" * 2_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(DocumentError, match=r"large\.yaml:1:1: the file has 10,000,000 bytes"):
            load_document(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**19


def test_a_file_that_has_no_size_yet_goes_on_is_refused(tmp_path: Path) -> None:
    endless = tmp_path / "endless.yaml"
    endless.symlink_to("/proc/self/maps")  # its size is said to be 0
    with pytest.raises(DocumentError, match="the file has more than 16 bytes"):
        load_document(endless, limits=Limits(size_bytes=16))


def test_pipes_devices_and_folders_are_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    device = tmp_path / "device"
    device.symlink_to("/dev/zero")
    for path, kind in ((pipe, "a pipe"), (device, "a pipe"), (tmp_path, "a folder")):
        with pytest.raises(DocumentError, match=f"1:1: the file is {kind}.*, not a regular file"):
            load_document(path)
