"""Numbers that runs print, as series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from twinhub_runner.series import read_series, thin

if TYPE_CHECKING:
    from pathlib import Path


@given(st.lists(st.floats(-1e9, 1e9), max_size=300), st.integers(2, 50))
def test_few_points_are_left_with_the_least_and_the_greatest(
    values: list[float], most: int
) -> None:
    points = list(enumerate(values))
    thinned = thin(points, most)
    assert len(thinned) <= most
    assert thinned == sorted(thinned)
    assert set(thinned) <= set(points)
    kept = [value for _, value in thinned]
    assert [min(kept, default=0), max(kept, default=0)] == [
        min(values, default=0), max(values, default=0),
    ]  # fmt: skip


def test_what_came_since_is_read_from_where_the_last_answer_ended(tmp_path: Path) -> None:
    file = tmp_path / "metrics"
    file.write_text("1\tlevel\t1.5\n2\tspeed\t3.0\n3\tlev")
    first = read_series(file, 0, 10)
    assert [(one.name, one.last) for one in first.series] == [("level", 1.5), ("speed", 3.0)]
    with file.open("a") as opened:
        opened.write("el\t2.5\n")
    (second,) = read_series(file, first.end, 10).series
    assert (second.points, second.count) == (((3, 2.5),), 1)


def test_what_is_no_number_of_a_twin_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "metrics"
    file.write_text("1\tlevel\tnan\n2\tlevel\tinf\n3\t<b>\t1\nx\tlevel\t1\n\n4\tlevel\t2\r\n")
    assert read_series(file, 0, 10).series == ()


def test_link_of_the_twin_s_making_has_no_numbers(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("1\tlevel\t1\n")
    (tmp_path / "metrics").symlink_to("other")
    assert read_series(tmp_path / "metrics", 0, 10).series == ()


def test_many_points_take_no_more_memory_than_few(tmp_path: Path) -> None:
    file = tmp_path / "metrics"
    file.write_text("".join(f"{at}\tlevel\t{at % 100}\n" for at in range(20_000)))
    (level,) = read_series(file, 0, 10).series
    assert (level.count, level.last, len(level.points)) == (20_000, 99.0, 10)
    assert {0.0, 99.0} <= {value for _, value in level.points}


def test_many_numbers_have_fewer_points_each(tmp_path: Path) -> None:
    file = tmp_path / "metrics"
    file.write_text("".join(f"{at}\tn{at % 200}\t{at}.0\n" for at in range(200 * 1000)))
    series = read_series(file, 0, 10_000).series
    assert len(series) == 200
    assert sum(len(one.points) for one in series) <= 100_000


def test_line_that_has_no_end_is_not_read_to_it(tmp_path: Path) -> None:
    file = tmp_path / "metrics"
    with file.open("wb") as opened:
        opened.write(b"1\tlevel\t1.5\n")
        opened.truncate(1 << 42)
    found = read_series(file, 0, 10)
    assert [one.name for one in found.series] == ["level"]
    assert found.end == len(b"1\tlevel\t1.5\n")
