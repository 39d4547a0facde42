"""Decisions about a proposal, and comments, that come at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_kit.callers import Caller
from twinhub_library.catalogue import find_asset
from twinhub_library.publishing.differences import compare
from twinhub_library.publishing.errors import StateError
from twinhub_library.publishing.publisher import Wish

from tests.unit.library.merging.folders import Files
from tests.unit.library.publishing.bench import ALICE, SOURCE, opened, write

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_library.publishing.part import Publishing
    from twinhub_library.store.publishing import ProposalRow
    from twinhub_library.tree import Tree

TEACHER = Caller("teacher", scopes=ALICE.scopes)


def propose(root: Path, tree: Tree, part: Publishing) -> ProposalRow:
    write(root, SOURCE, {"a.txt": b"1"})
    asset = find_asset(tree, SOURCE)
    assert asset is not None
    return part.proposals.add(ALICE, part.publisher.prepare(ALICE, Wish(asset, "1.0.0")))


def test_comment_on_what_was_decided_meanwhile_reopens_nothing_and_none_is_lost(
    tmp_path: Path,
) -> None:
    with opened(tmp_path, is_new=True) as (tree, part):
        seen = propose(tmp_path, tree, part)
        part.proposals.send_back(TEACHER, seen, "no")
        row = part.proposals.comment(ALICE, seen, "why?")
        assert (row.state, [one["text"] for one in row.comments]) == ("returned", ["no", "why?"])


def test_of_two_decisions_the_second_is_refused_and_what_is_published_counts_as_accepted(
    tmp_path: Path,
) -> None:
    with opened(tmp_path, is_new=True) as (tree, part):
        seen = propose(tmp_path, tree, part)
        part.proposals.take_back(ALICE, seen)
        with pytest.raises(StateError, match="taken-back"):
            part.proposals.send_back(TEACHER, seen, "no")
        part.proposals.accept(TEACHER, seen, "")  # looked before it was taken back
        assert part.proposals.get(TEACHER, seen.id).state == "accepted"


def test_difference_of_a_large_file_tells_its_size_and_keeps_little_of_it() -> None:
    class Large(Files):
        def chunks(self, path: str) -> object:
            del path
            return (b"1" * (1 << 20) for _ in range(64))

    (one,) = compare(Files({}), Large({"a.bin": b"1"}))
    assert (one.new_size, one.text) == (64 << 20, "")
