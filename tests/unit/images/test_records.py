"""Builds are kept by tag, newest first; what was cut or is foreign is never taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from images.builder.errors import RecordsError
from images.builder.records import KEPT, Records, default_folder
from tests.unit.images.readings import manifest


def test_the_newest_build_of_a_tag_comes_first(tmp_path: Path) -> None:
    records = Records(tmp_path / "records")
    assert records.of("test/trial:1") == ()
    for number in (2, 1, 3):
        records.add(manifest(number))
    assert [found.id for found in records.of("test/trial:1")] == [
        "sha256:3", "sha256:2", "sha256:1",
    ]  # fmt: skip
    assert records.of("test/trial:2") == ()


def test_the_oldest_beyond_the_limit_go(tmp_path: Path) -> None:
    records = Records(tmp_path)
    for number in range(KEPT + 3):
        records.add(manifest(number))
    kept = records.of("test/trial:1")
    assert len(kept) == KEPT
    assert kept[-1].id == "sha256:3"


def test_a_record_that_was_cut_is_not_there(tmp_path: Path) -> None:
    records = Records(tmp_path)
    path = records.add(manifest())
    path.with_suffix(".77.part").write_text('{"image": "tri')
    assert len(records.of("test/trial:1")) == 1


def test_a_foreign_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    records = Records(tmp_path)
    path = records.add(manifest())
    path.write_text("{}")
    with pytest.raises(RecordsError, match=r"\.json is no record of a build: remove it"):
        records.of("test/trial:1")


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordsError, match="--records names another folder"):
        Records(tmp_path / "file").add(manifest())


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"XDG_STATE_HOME": "/var/state"}, Path("/var/state/twinhub/images")),
        ({"XDG_STATE_HOME": "relative"}, Path.home() / ".local/state/twinhub/images"),
        ({}, Path.home() / ".local/state/twinhub/images"),
    ],
)
def test_records_are_in_the_users_state_folder(environment: dict[str, str], expected: Path) -> None:
    assert default_folder(environment) == expected
