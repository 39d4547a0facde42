"""Names of commits as files, and what a killed git leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_library.repositories.refs import Refs, clear_leftovers

from tests.fixtures.git_servers import git

if TYPE_CHECKING:
    from pathlib import Path

ONE, OTHER = "refs/twinhub/base", "refs/twinhub/kept/1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "--bare", ".")
    return tmp_path


def commit(folder: Path) -> str:
    tree = git(folder, "mktree")
    return git(folder, "commit-tree", tree, "-m", "one")


def test_git_reads_what_was_set_and_we_read_what_git_sets(folder: Path) -> None:
    refs, made = Refs(folder, lambda _: None), commit(folder)
    assert refs.find(ONE) is None
    refs.change({ONE: made, OTHER: made})
    assert git(folder, "for-each-ref", "--format=%(refname)").splitlines() == [ONE, OTHER]
    git(folder, "update-ref", "refs/twinhub/kept/2", made)
    assert list(refs.list("refs/twinhub/kept/")) == ["refs/twinhub/kept/2", OTHER]
    refs.change({ONE: None, OTHER: None})
    assert refs.find(ONE) is None
    assert git(folder, "for-each-ref", "--format=%(refname)") == "refs/twinhub/kept/2"


def test_locks_and_half_packs_of_a_killed_git_are_cleared_away(folder: Path) -> None:
    refs, made = Refs(folder, lambda _: None), commit(folder)
    refs.change({ONE: made})
    left = ("refs/twinhub/base.lock", "index.lock", "objects/pack/tmp_pack_a1b2c3")
    for name in left:
        (folder / name).touch()
    clear_leftovers(folder)
    assert not [name for name in left if (folder / name).exists()]
    git(folder, "update-ref", ONE, made)
