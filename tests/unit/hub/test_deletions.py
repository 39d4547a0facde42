"""Records of deletions: one for each name, the same whenever it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from twinhub_hub.deletions import (
    find_deletion,
    forget_deletion,
    list_deletions,
    record_deletion,
)

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)


def test_a_second_record_of_a_name_is_the_first_one(tmp_path: Path) -> None:
    folder = tmp_path / "deletions"
    first = record_deletion(folder, "ada", at=NOW)
    assert first.archive.startswith("ada-20261124T030000Z-")
    assert record_deletion(folder, "ada", at=datetime.now(UTC)) == first
    assert find_deletion(folder, "ada") == first
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_later_deletion_of_the_name_has_an_archive_of_its_own(tmp_path: Path) -> None:
    first = record_deletion(tmp_path / "d", "ada", at=NOW)
    forget_deletion(tmp_path / "d", "ada")
    assert list_deletions(tmp_path / "d") == []
    assert record_deletion(tmp_path / "d", "ada", at=NOW).archive != first.archive


@pytest.mark.parametrize("name", ["../../etc/passwd", "Ann Other", ".", "ü", "a.b"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    made = record_deletion(tmp_path / "d", name, at=NOW)
    (path,) = (tmp_path / "d").iterdir()
    assert path.suffix == ".json"
    assert "/" not in made.archive
    assert [found.name for found in list_deletions(tmp_path / "d")] == [name]


def test_without_a_folder_there_is_none(tmp_path: Path) -> None:
    assert list_deletions(tmp_path / "none") == []
    assert find_deletion(tmp_path / "none", "ada") is None
