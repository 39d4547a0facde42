"""The files of the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub import audit

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_full_file_gets_a_number_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_BYTES", 200)
    for number in range(12):
        audit.record(tmp_path / "audit.jsonl", "sign-in", user=f"u{number}")

    assert [event["user"] for event in audit.read(tmp_path / "audit.jsonl")] == [
        f"u{number}" for number in range(12)
    ]
    assert len(list(tmp_path.iterdir())) > 1


def test_uses_of_tokens_push_nothing_else_out_and_are_read_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.jsonl"
    monkeypatch.setattr(audit, "MOST_BYTES", 10)
    audit.record(path, "admin given", user="alice")
    for number in range(30):
        audit.record_git_token(path, user=f"u{number}", remote="https://gitlab.example.org/x.git")

    found = [event["event"] for event in audit.read(path)]
    assert found == ["admin given", *["git token used"] * audit.FILES]


def test_no_more_than_some_files_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_BYTES", 10)
    for number in range(30):
        audit.record(tmp_path / "audit.jsonl", "sign-in", user=f"u{number}")

    kept = [event["user"] for event in audit.read(tmp_path / "audit.jsonl")]
    assert kept == [f"u{number}" for number in range(20, 30)]


def test_refused_sign_ins_push_nothing_else_out_and_are_read_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.jsonl"
    monkeypatch.setattr(audit, "MOST_BYTES", 10)
    audit.record(path, "admin given", user="alice")
    for number in range(30):
        audit.record_refused(path, user=f"u{number}")
    audit.record(path, "admin taken", user="alice")

    found = [event["event"] for event in audit.read(path)]
    assert found == ["admin given", *["sign-in refused"] * audit.FILES, "admin taken"]


def test_half_a_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audit.record(path, "sign-in", user="alice")
    with path.open("a") as file:
        file.write('{"time": "20')

    assert [event["user"] for event in audit.read(path)] == ["alice"]
