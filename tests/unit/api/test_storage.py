"""Which file systems keep a limit themselves, told without a privilege."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from twinhub_api.storage import (
    ProjectLimit,
    find_project,
    find_quota_support,
    read_project_limit,
)

MOUNTS = r"""22 1 8:1 / / rw,relatime - ext4 /dev/root rw
30 22 8:2 / /srv rw,relatime shared:1 - ext4 /dev/sdb1 rw,prjquota
31 22 8:3 / /srv/x\040y rw - xfs /dev/sdc1 rw,attr2,prjquota
32 22 8:4 / /srv/b rw - btrfs /dev/sdd1 rw,prjquota
33 22 8:5 / /srv-suffix rw - xfs /dev/sde1 rw,noquota
odd line
"""


@pytest.mark.parametrize(
    ("folder", "file_system", "is_on"),
    [
        ("/opt/x", "ext4", False),
        ("/srv", "ext4", True),
        ("/srv/assets", "ext4", True),
        ("/srv/x y/assets", "xfs", True),
        ("/srv/b", "btrfs", False),
        ("/srv-suffix/a", "xfs", False),
    ],
)
def test_nearest_mount_says_whether_projects_are_counted(
    folder: str, file_system: str, *, is_on: bool
) -> None:
    found = find_quota_support(Path(folder), mounts=MOUNTS)

    assert (found.file_system, found.is_on) == (file_system, is_on)


def test_text_says_what_an_administrator_can_do() -> None:
    assert "'prjquota'" in str(find_quota_support(Path("/"), mounts=MOUNTS))
    assert "at once" in str(find_quota_support(Path("/srv"), mounts=MOUNTS))
    assert "knows no project quotas" in str(find_quota_support(Path("/srv/b"), mounts=MOUNTS))
    assert "measured each minute" in str(find_quota_support(Path("/"), mounts=""))


def test_this_machine_is_asked_without_a_privilege(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert find_quota_support(tmp_path).file_system
        assert find_project(folder) == 0
        assert read_project_limit(folder, folder) is None
    finally:
        os.close(folder)


def _space(blocks: int, free: int) -> os.statvfs_result:
    return os.statvfs_result((4096, 4096, blocks, free, free, 0, 0, 0, 0, 255))


def test_limit_of_a_project_is_what_its_folder_says_of_its_space() -> None:
    spaces = {1: _space(100, 40), 2: _space(100_000, 50_000)}

    limited = read_project_limit(1, 2, project_of=lambda _: 7, space_of=spaces.__getitem__)
    alone = read_project_limit(2, 2, project_of=lambda _: 7, space_of=spaces.__getitem__)

    assert limited == ProjectLimit(limit=100 * 4096, used=60 * 4096)
    assert alone is None, "a project without a limit"
