"""Previews show the beginning of what a twin has made, by what it is and not by its name."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_api.runner.results import Artefact, Preview, PreviewKind
from twinhub_runner.results.previewing import find_picture, preview

if TYPE_CHECKING:
    from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480) + b"\x08\x02\0\0\0"
JPEG = b"\xff\xd8\xff\xe0\0\x10" + b"JFIF" + b"\0" * 10 + b"\xff\xc0\0\x11\x08\x01\xe0\x02\x80\x03"


def shown(folder: Path, name: str, content: bytes) -> Preview:
    """Return the preview of a file."""
    file = folder / "file"
    file.write_bytes(content)
    return preview(file, Artefact(path=name, size=len(content), sha256="0" * 64))


def test_table_has_its_first_line_as_columns(tmp_path: Path) -> None:
    found = shown(tmp_path, "a.csv", b'time;level\n1;"2,5"\n2;3\n')
    assert (found.kind, found.columns, found.is_whole) == ("table", ("time", "level"), True)
    assert found.rows == (("1", "2,5"), ("2", "3"))


def test_large_table_shows_some_rows_and_says_so(tmp_path: Path) -> None:
    found = shown(tmp_path, "a.csv", b"a,b\n" + b"1,2\n" * 100_000)
    assert (len(found.rows), found.is_whole) == (50, False)
    wide = shown(tmp_path, "a.csv", b",".join([b"x" * 1000] * 60))
    assert (len(wide.columns), len(wide.columns[0]), wide.is_whole) == (50, 200, False)


@pytest.mark.parametrize(("content", "kind"), [(PNG, "image/png"), (JPEG, "image/jpeg")])
def test_picture_is_one_by_its_content(tmp_path: Path, content: bytes, kind: str) -> None:
    picture = shown(tmp_path, "a.txt", content).picture
    assert picture is not None
    assert (picture.media_type, picture.width, picture.height) == (kind, 640, 480)


@pytest.mark.parametrize(
    "content",
    [
        PNG[:16] + struct.pack(">II", 1 << 20, 1 << 20),
        PNG[:16] + struct.pack(">II", 0, 5),
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\xff\xd8\xff" * 10,
    ],
)
def test_what_is_too_large_or_only_called_so_is_no_picture(tmp_path: Path, content: bytes) -> None:
    assert shown(tmp_path, "a.png", content).picture is None
    assert find_picture(PNG, 9 << 20) is None


def test_text_is_shown_as_text_whatever_it_would_do(tmp_path: Path) -> None:
    found = shown(tmp_path, "a.html", b"<script>alert(1)</script>")
    assert (found.kind, found.text) == (PreviewKind.TEXT, "<script>alert(1)</script>")
    long = shown(tmp_path, "a.log", "ä".encode() * 100_000)
    assert (long.kind, len(long.text), long.is_whole) == ("text", 16 << 10, False)
    assert shown(tmp_path, "a.bin", b"a\0b").kind is PreviewKind.NONE
    assert shown(tmp_path, "a.bin", b"\xff\xfe").kind is PreviewKind.NONE


def test_json_is_indented_and_a_deep_one_is_text(tmp_path: Path) -> None:
    found = shown(tmp_path, "a.json", json.dumps({"a": [1]}).encode())
    assert (found.kind, found.text) == ("json", '{\n  "a": [\n    1\n  ]\n}')
    assert shown(tmp_path, "a.json", b"[" * 60_000).kind is PreviewKind.TEXT


@given(content=st.binary(max_size=300), start=st.sampled_from([b"", PNG[:20], JPEG[:8], b'"a,']))
def test_any_content_has_a_preview(
    content: bytes, start: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("a.csv", "a.json", "a.png"):
        assert shown(folder, name, start + content).kind in PreviewKind
