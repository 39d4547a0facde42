"""The table has one row for each image, between two marks, and says what was not measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from images.builder.errors import ImagesError
from images.builder.hierarchy import Image
from images.builder.table import BEGIN, END, render_table, replace_between_marks
from tests.unit.images.readings import manifest

ROOT = Image(name="root", provides="debian:x")
TRIAL = Image(name="trial", parent="root", context="trial")
PAGE = Path("page.md")


def test_a_row_has_sizes_time_and_counts() -> None:
    *_, row = render_table([(TRIAL, manifest(dpkg="1", tar="2"))]).splitlines()
    assert row == "| `trial` | 1,132 MB | 1,058 MB | 43 s | 2 | 1 | 3 |"


def test_a_build_from_the_cache_has_no_time() -> None:
    found = manifest().model_copy(update={"cached_steps": 3})
    assert "| 1,058 MB |  | 0 |" in render_table([(TRIAL, found)])


def test_an_image_without_a_record_has_a_row() -> None:
    rows = render_table([(ROOT, None), (TRIAL, manifest())]).splitlines()
    assert rows[2] == "| `root` | not measured | | | | | |"
    assert len(rows) == 4


def test_only_what_is_between_the_marks_is_replaced() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = replace_between_marks(page, "| new |", PAGE)
    assert once == f"before\n{BEGIN}\n\n| new |\n\n{END}\nafter\n"
    assert replace_between_marks(once, "| new |", PAGE) == once


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}\n{BEGIN}"])
def test_a_page_without_the_marks_is_named_with_what_to_do(text: str) -> None:
    with pytest.raises(ImagesError, match=r"page\.md has no place for the table: add"):
        replace_between_marks(text, "", PAGE)
