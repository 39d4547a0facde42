"""A library's publishing without a server: opened, used, killed, opened again."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

from twinhub_kit.audit import Audit
from twinhub_kit.callers import Caller
from twinhub_kit.database import Database
from twinhub_kit.files.paths import RelativePath
from twinhub_library.bin import Bin
from twinhub_library.catalogue import find_asset
from twinhub_library.publishing.part import Publishing, open_publishing
from twinhub_library.publishing.publisher import Wish
from twinhub_library.publishing.surroundings import Surroundings
from twinhub_library.store.base import Base
from twinhub_library.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from twinhub_library.areas import Area
    from twinhub_library.store.publishing import ImportRow, VersionRow

ALICE = Caller("alice", scopes=frozenset({"custom:twinhub:instruct"}))
BOB = Caller("bob")
SOURCE = RelativePath.parse("alice/models/tank")
COMMON = RelativePath.parse("common/models/tank")
PLACE = RelativePath.parse("bob/models/tank")


@contextlib.contextmanager
def opened(root: Path, *, is_new: bool = False) -> Iterator[tuple[Tree, Publishing]]:
    """Open a root's publishing, which recovers what a crash has left."""
    (root / ".library").mkdir(parents=True, exist_ok=True)
    for area in ("alice", "bob"):
        (root / area).mkdir(exist_ok=True)
    database = Database(f"sqlite:///{root}/.library/state.sqlite")
    try:
        if is_new:
            database.make_tables(Base)
        with Tree(root) as tree:
            kept = Bin(tree, days=30)

            def throw_away(area: Area, path: RelativePath, by: str) -> Callable[[], object]:
                return partial(kept.restore, area, kept.put(area, path, by=by).id)

            yield tree, open_publishing(tree, database, Audit(), Surroundings(throw_away))
    finally:
        database.close()


def publish(tree: Tree, part: Publishing, version: str) -> VersionRow:
    asset = find_asset(tree, SOURCE)
    assert asset is not None
    return part.publisher.put(ALICE, part.publisher.prepare(ALICE, Wish(asset, version)))


def start_import(part: Publishing) -> ImportRow:
    return part.imports.start(BOB, COMMON, "", PLACE)


def write(root: Path, path: RelativePath, files: Mapping[str, bytes]) -> None:
    folder = root / str(path)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def read(root: Path, path: RelativePath | str) -> dict[str, bytes] | None:
    folder = root / str(path)
    if not folder.exists():
        return None
    return {
        str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()
    }
