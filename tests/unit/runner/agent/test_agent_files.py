"""The agent's own files: made once, and there for each run whatever becomes of what was made."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from twinhub_runner.agent_files import KEPT, put_agent

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_START, _SUDO = "twinhub_agent/start.py", "twinhub_agent/programs/sudo"


def put(runs: Path, name: str) -> Path:
    """Return the folder of a run's sandbox, with the agent in it."""
    inside = runs / name / "in"
    put_agent(inside)
    assert os.access(inside / _SUDO, os.X_OK)
    return inside


def test_runs_have_the_same_files_which_take_room_once(tmp_path: Path) -> None:
    first, second = put(tmp_path, "1"), put(tmp_path, "2")
    assert (first / _START).samefile(second / _START)
    names = sorted(one.relative_to(first) for one in first.rglob("*"))
    assert names == sorted(one.relative_to(second) for one in second.rglob("*"))


def test_what_is_put_again_changes_no_other_run(tmp_path: Path) -> None:
    first, second = put(tmp_path, "1"), put(tmp_path, "2")
    (second / _START).unlink()
    (second / _START).write_text("of an earlier version")
    put_agent(second)
    assert (first / _START).read_text() == (second / _START).read_text()


def test_a_run_has_its_agent_when_what_was_made_is_gone(tmp_path: Path) -> None:
    first = put(tmp_path, "1")
    shutil.rmtree(tmp_path / KEPT)
    second, third, fourth = (put(tmp_path, name) for name in "234")
    assert (second / _START).read_text() == (first / _START).read_text()
    assert (third / _START).samefile(fourth / _START)


def test_a_run_has_its_agent_where_a_disk_has_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    first, second = put(tmp_path, "1"), put(tmp_path, "2")
    assert not (first / _START).samefile(second / _START)
    assert (first / _START).read_text() == (second / _START).read_text()
