from __future__ import annotations

import json

import pytest
from twinhub_library.merging.notebooks import Sides, merge_notebooks


def _notebook(*cells: tuple[str, str], output: str = "", version: int = 4) -> bytes:
    """Return a notebook of code cells, each with an id and a source."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": [output]}] if output else []
    shown: list[object] = [
        {
            "cell_type": "code", "id": name, "metadata": {}, "execution_count": None,
            "outputs": outputs, "source": source.splitlines(keepends=True),
        }
        for name, source in cells
    ]  # fmt: skip
    notebook = {"cells": shown, "metadata": {}, "nbformat": version, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1).encode()


def _sources(merged: bytes | None) -> list[str]:
    assert merged is not None
    return ["".join(cell["source"]) for cell in json.loads(merged)["cells"]]


_BASE = _notebook(("a", "x = 1"), ("b", "y = 2"), ("c", "z = 3"))


def test_cells_that_each_side_changed_removed_and_added_are_merged() -> None:
    ours = _notebook(("a", "x = 10"), ("b", "y = 2"), ("c", "z = 3"), ("m", "mine"))
    theirs = _notebook(("a", "x = 1"), ("c", "z = 30"))
    assert _sources(merge_notebooks([Sides(_BASE, ours, theirs)])[0]) == [
        "x = 10", "z = 30", "mine",
    ]  # fmt: skip


def test_same_cell_changed_on_both_sides_is_no_merge() -> None:
    ours = _notebook(("a", "x = 10"), ("b", "y = 2"), ("c", "z = 3"))
    theirs = _notebook(("a", "x = 11"), ("b", "y = 2"), ("c", "z = 3"))
    assert merge_notebooks([Sides(_BASE, ours, theirs)]) == [None]


@pytest.mark.heavy
def test_own_outputs_stay_where_both_sides_ran_the_cells() -> None:
    cells = (("a", "x = 1"), ("b", "y = 2"), ("c", "z = 3"))
    ours, theirs = _notebook(*cells, output="mine"), _notebook(*cells, output="theirs")
    merged = merge_notebooks([Sides(_BASE, ours, theirs)])[0]
    assert merged is not None
    assert b"mine" in merged
    assert b"theirs" not in merged


_HOSTILE = (
    b"{}", b"[]", b"null", b"\xff\xfe", b"{" * 100_000, b"[" * 200_000,
    b'{"cells": 5, "nbformat": 4}', b'{"cells": [5], "nbformat": 4, "nbformat_minor": 5}',
    _notebook(("a", "x"), version=3),
    b'{"cells": [{"source": {"a": 1}, "cell_type": "code"}], "nbformat": 4}',
    b'{"nbformat": 4, "cells": [], "metadata": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
)  # fmt: skip


@pytest.mark.heavy
def test_what_is_no_notebook_is_no_merge_and_spoils_no_other() -> None:
    ours = _notebook(("a", "x = 10"), ("b", "y = 2"), ("c", "z = 3"))
    theirs = _notebook(("a", "x = 1"), ("b", "y = 2"), ("c", "z = 30"))
    bad = [Sides(_BASE, one, theirs) for one in _HOSTILE]
    bad += [Sides(one, ours, theirs) for one in _HOSTILE]
    *merged, last = merge_notebooks([*bad, Sides(b"", ours, theirs), Sides(_BASE, ours, theirs)])
    assert merged == [None] * (len(bad) + 1)
    assert _sources(last) == ["x = 10", "y = 2", "z = 30"]


@pytest.mark.long  # waits twice for the time limit
def test_notebook_that_ends_the_process_spoils_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = _notebook(("a", "x = 10"), ("b", "y = 2"), ("c", "z = 3"))
    theirs = _notebook(("a", "x = 1"), ("b", "y = 2"), ("c", "z = 30"))
    monkeypatch.setattr("twinhub_library.merging.notebooks.MOST_SECONDS", 15)
    lines = [[f"{side} {at} {at * 7919 % 97}" for at in range(3000)] for side in ("x", "y", "z")]
    slow = Sides(*(_notebook(*((f"c{i}", line) for i, line in enumerate(one))) for one in lines))
    merged = merge_notebooks([slow, Sides(_BASE, ours, theirs)])
    assert merged[0] is None
    assert _sources(merged[1]) == ["x = 10", "y = 2", "z = 30"]
