"""What a hostile twin leaves in place of its agent's files: it means nothing, and harms nobody."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from twinhub_runner.agents import read_answer, read_health, read_load, read_result

if TYPE_CHECKING:
    from pathlib import Path

_NONSENSE = (
    "", "{", "null", "[]", "7", '"text"', "{}", '{"status": 1e999, "reason": "ended"}',
    '{"status": -Infinity, "reason": "ended"}', '{"status": NaN, "reason": "ended"}',
    '{"status": [], "reason": {}}', '{"status": "one"}', '{"ill": 7}', '{"ill": {}}',
    '{"processes": {"main": [1e999, 1e999, 1e999]}}', '{"processes": {"main": ["", {}, []]}}',
    '{"processes": {"main": [NaN, 1, 1]}}', '{"processes": {"main": 1}}', '{"processes": 1}',
    "1" * 60_000, "[" * 60_000, f'{{"status": {"9" * 50_000}}}',
    b"\xed\xa0\x80",
)  # fmt: skip


@pytest.mark.parametrize("text", _NONSENSE)
def test_what_makes_no_sense_says_nothing(tmp_path: Path, text: str | bytes) -> None:
    (tmp_path / "answers").mkdir()
    content = text if isinstance(text, bytes) else text.encode()
    for name in ("result.json", "health.json", "load.json", "answers/one.json"):
        (tmp_path / name).write_bytes(content)
    assert read_result(tmp_path) is None
    assert read_answer(tmp_path, "one.json") is None
    assert read_health(tmp_path, ["main"], ["main"]) in (None, ([], {}))
    assert read_load(tmp_path, ["main"]) == {}


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "result.json")
    (tmp_path / "health.json").mkdir()
    (tmp_path / "load.json").symlink_to("/proc/self/mem")
    (tmp_path / "answers").symlink_to("/etc")
    assert read_result(tmp_path) is None
    assert read_health(tmp_path, ["main"], ["main"]) is None
    assert read_load(tmp_path, ["main"]) == {}
    assert read_answer(tmp_path, "passwd") is None
