"""What runs see: the folders of their owner and of nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_runner.copies.mounts import mounts_in_place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    for place in ("alice", "bob", "teams/pumps", "teams/robots", "common"):
        (tmp_path / place).mkdir(parents=True)
    return tmp_path


def seen(mounts: list[dict[str, object]]) -> list[tuple[object, ...]]:
    """Return source, target and whether it is writable, of each."""
    return [(one["source"], one["target"], one["writable"]) for one in mounts]


def test_own_twin_in_place_sees_the_whole_area_one_s_teams_and_common(root: Path) -> None:
    assert seen(mounts_in_place(root, "alice", ["pumps", "gone"], "")) == [
        ("alice", "/workspace", True),
        ("teams/pumps", "/workspace/teams/pumps", True),
        ("common", "/workspace/common", False),
    ]
    assert (root / "alice/teams/pumps").is_dir()
    assert (root / "alice/common").is_dir()


def test_twin_of_a_team_in_place_sees_nothing_of_whoever_runs_it(root: Path) -> None:
    assert seen(mounts_in_place(root, "alice", ["pumps", "robots"], "pumps")) == [
        ("teams/pumps", "/workspace/teams/pumps", True),
        ("common", "/workspace/common", False),
    ]


@pytest.mark.parametrize("name", ["teams", "common"])
def test_mount_point_that_is_a_link_is_not_used(root: Path, name: str) -> None:
    (root / "alice" / name).symlink_to("../bob")
    sources = [one[0] for one in seen(mounts_in_place(root, "alice", ["pumps"], ""))]
    assert sources == ["alice", "common" if name == "teams" else "teams/pumps"]
    assert not list((root / "bob").iterdir())
