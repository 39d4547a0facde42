"""Single values of a ``twinhub.yaml`` are changed where they stand."""

from __future__ import annotations

import pytest
from twinhub_hub.settings.editing import set_value


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("engine:\n  prefix: old  # ours\n", "engine:\n  prefix: new  # ours\n"),
        ("engine: {prefix: 'old', threads: 2}\n", "engine: {prefix: 'new', threads: 2}\n"),
        ("engine: {threads: 2}\n", "engine: {threads: 2, prefix: new}\n"),
        ("engine:\n    threads: 2\n", "engine:\n    threads: 2\n    prefix: new\n"),
        ("engine:\r\n  prefix: old\r\n", "engine:\r\n  prefix: new\r\n"),
        ("engine:\n  prefix: |\n    old\n", "engine:\n  prefix: new\n"),
        ("# mine\nversion: 1", "# mine\nversion: 1\nengine:\n  prefix: new\n"),
        ("", "engine:\n  prefix: new\n"),
    ],
)
def test_a_value_is_set_and_nothing_else_changes(before: str, after: str) -> None:
    assert set_value(before, "engine", "prefix", "new") == after


@pytest.mark.parametrize("text", ["engine: docker\n", "engine: &x {prefix: a}\nb: *x\n", "]"])
def test_a_form_that_cannot_be_changed_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"^twinhub\.yaml:1:\d+: "):
        set_value(text, "engine", "prefix", "new")
