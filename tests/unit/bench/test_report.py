"""A figure is one line of JSON, and a goal is met by a ratio, or by a value where there is none."""

from __future__ import annotations

import json

import pytest

from tests.bench.report import Figure

KEYS = ["bench", "metric", "value", "unit", "versus", "ratio", "goal", "met", "n"]


@pytest.mark.parametrize(
    ("figure", "ratio", "met"),
    [
        (Figure("b", "m", 2.0, "s", 5, versus="v", base=4.0, goal=0.5), 0.5, True),
        (Figure("b", "m", 2.1, "s", 5, versus="v", base=4.0, goal=0.5), 0.525, False),
        (Figure("b", "m", 261.0, "MiB", 1, goal=260), None, False),
        (Figure("b", "m", 1.0, "s", 1), None, None),
    ],
)
def test_a_figure_is_a_line(figure: Figure, ratio: float | None, met: bool | None) -> None:  # noqa: FBT001
    line = figure.as_json()
    found = json.loads(line)
    assert "\n" not in line
    assert list(found) == KEYS
    assert found["ratio"] == ratio
    assert found["met"] is met
