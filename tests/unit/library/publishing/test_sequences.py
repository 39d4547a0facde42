"""Publish → import → both sides change → update, over random edits: nothing of a user's is lost."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.paths import RelativePath
from twinhub_library.catalogue import find_asset
from twinhub_library.publishing.publisher import Wish
from twinhub_library.testing import CrashPoints

from tests.unit.library.publishing.bench import ALICE, BOB, opened, read
from tests.unit.library.publishing.edits import Editor, find_programs, find_tokens

if TYPE_CHECKING:
    from pathlib import Path

    from twinhub_library.publishing.part import Publishing
    from twinhub_library.tree import Tree

ROUNDS = 3
SAMPLE, SAMPLE_WITH_NOTEBOOKS, ALL, PARTS = 60, 4, 10_000, 20


def _publish(tree: Tree, part: Publishing, name: str, version: str) -> None:
    asset = find_asset(tree, RelativePath.parse(f"alice/data/{name}"))
    assert asset is not None
    part.publisher.put(ALICE, part.publisher.prepare(ALICE, Wish(asset, version)))


def _run(root: Path, tree: Tree, part: Publishing, seed: int, *, notebooks: bool) -> None:
    """Run one sequence; whatever is asserted names its seed."""
    random, name = Random(seed), f"tank{seed}"  # noqa: S311 - edits, not secrets
    source, place = root / "alice/data" / name, RelativePath.parse(f"bob/data/{name}")
    source.mkdir(parents=True)
    (source / "i").write_bytes(b"begin\n")
    author = Editor(source, "A", random, notebooks=notebooks)
    author.edit(8)
    _publish(tree, part, name, "1.0.0")
    row = part.imports.start(BOB, RelativePath.parse(f"common/data/{name}"), "", place)
    user = Editor(root / str(place), "U", random, notebooks=notebooks)
    for number in range(1, ROUNDS + 1):
        before = f"common/data/{name}@1.0.{number - 1}"
        base = read(root, before) or {}
        user.edit(random.randint(0, 6))
        author.edit(random.randint(0, 6))
        (source / "i").write_bytes(f"begin {number}\n".encode())
        _publish(tree, part, name, f"1.0.{number}")
        mine, written = read(root, str(place)) or {}, find_tokens(root / str(place))
        differing = find_programs(root / before) ^ find_programs(root / str(place))
        updated = part.imports.update(BOB, part.imports.get(row.id))
        after, new = (
            read(root, str(place)) or {},
            read(root, f"common/data/{name}@1.0.{number}") or {},
        )
        assert written <= find_tokens(root / str(place)), seed
        for path in base.keys() | new.keys():
            is_same = mine.get(path) == base.get(path) and path not in differing
            if is_same and not _is_in_the_way(path, mine):
                assert after.get(path) == new.get(path), (seed, path)
        reported = {one.path for one in updated.report.files}
        assert (base.keys() | new.keys()) <= reported, seed
        for conflict in updated.report.conflicts:
            assert (root / str(place) / (conflict.copy or "?")).exists(), (seed, conflict)


def _is_in_the_way(path: str, mine: dict[str, bytes]) -> bool:
    """Tell whether the user has a folder, or what is in one, where the path is."""
    return any(one.startswith(f"{path}/") or path.startswith(f"{one}/") for one in mine)


@pytest.mark.heavy
@pytest.mark.d4(36)
def test_no_byte_of_a_users_is_lost_by_updates_of_a_sample(tmp_path: Path) -> None:
    with CrashPoints(), opened(tmp_path, is_new=True) as (tree, part):
        for seed in range(SAMPLE):
            _run(tmp_path, tree, part, seed, notebooks=False)
        for seed in range(SAMPLE, SAMPLE + SAMPLE_WITH_NOTEBOOKS):
            _run(tmp_path, tree, part, seed, notebooks=True)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.d4(36)
@pytest.mark.parametrize("part_of_all", range(PARTS))
def test_no_byte_of_a_users_is_lost_by_updates(tmp_path: Path, part_of_all: int) -> None:
    each = ALL // PARTS
    first = 1_000_000 + part_of_all * each
    with CrashPoints(), opened(tmp_path, is_new=True) as (tree, part):
        for seed in range(first, first + each):
            _run(tmp_path, tree, part, seed, notebooks=seed % 10 == 0)
