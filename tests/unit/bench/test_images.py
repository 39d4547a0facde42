"""Each image is compared with `workspace` of the same run; the goal binds the median."""

from __future__ import annotations

import json

from tests.bench.images import GOALS, compare


def test_figures_are_ratios_of_the_base_and_the_median_has_the_goal() -> None:
    times = {"workspace": [1.0, 2.0, 3.0], "workspace-desktop": [2.0, 2.1, 2.2]}
    found = [json.loads(figure.as_json()) for figure in compare("start", times)]
    assert [(f["metric"], f["ratio"], f["goal"]) for f in found] == [
        ("start, workspace, median", None, None),
        ("start, workspace, p95", None, None),
        ("start, workspace-desktop, median", 1.05, GOALS["workspace-desktop"]),
        ("start, workspace-desktop, p95", 0.755, None),
    ]
    assert found[2]["met"] is True
