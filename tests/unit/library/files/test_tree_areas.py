from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.files.errors import NotThereError, RefusedFileError
from twinhub_kit.files.paths import RelativePath
from twinhub_library.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(name="tree")
def _tree(library_root: Path) -> Iterator[Tree]:
    with Tree(library_root) as tree:
        yield tree


def _path(text: str) -> RelativePath:
    return RelativePath.parse(text)


@pytest.mark.d4(21)
@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("alice/models/link", "../../bob/models/secret"),
        ("alice/models/link", "../../teams/pumps/models/pump"),
        ("alice/models/link", "../../.library"),
        ("teams/pumps/models/link", "../../../alice/models/tank"),
        ("teams/pumps/models/link", "../../other"),
    ],
)
def test_link_into_another_area_is_not_followed(
    tree: Tree, library_root: Path, link: str, target: str
) -> None:
    (library_root / link).symlink_to(target)
    (library_root / "teams" / "other").mkdir()
    for text in (link, f"{link}/notes.txt", f"{link}/model.txt"):
        with pytest.raises((RefusedFileError, NotThereError)):
            tree.open_file(_path(text))
        with pytest.raises((RefusedFileError, NotThereError)):
            tree.list_folder(_path(text))
    with pytest.raises((RefusedFileError, NotThereError)):
        tree.write_file(_path(f"{link}/new.txt"), [b"x"])


@pytest.mark.d4(21)
def test_area_that_is_a_link_is_not_followed(tree: Tree, library_root: Path) -> None:
    (library_root / "carol").symlink_to("alice")
    with pytest.raises((RefusedFileError, NotThereError)):
        tree.list_folder(_path("carol/models"))


def test_name_that_is_no_text_is_listed_and_said_to_be_of_no_use(
    tree: Tree, library_root: Path
) -> None:
    folder = os.fsencode(library_root / "alice" / "data")
    for name in (b"caf\xe9", b"new\nline"):
        with open(folder + b"/" + name, "wb") as file:  # noqa: PTH123 - a name of bytes
            file.write(b"x")
    entries = {one.name: one.is_usable for one in tree.list_folder(_path("alice/data"))}
    assert entries == {"caf\ufffd": False, "new\ufffdline": False, "levels.csv": True}


@pytest.mark.d4(23)
def test_second_name_of_a_file_of_another_owner_is_refused(tree: Tree, library_root: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("giving a file to somebody else needs root")
    foreign = library_root / "foreign"
    foreign.write_text("of somebody else")
    os.chown(foreign, 12345, 12345)
    (library_root / "alice" / "data" / "mine").hardlink_to(foreign)
    with pytest.raises(RefusedFileError, match="somebody else"):
        tree.open_file(_path("alice/data/mine"))


@pytest.mark.d4(23)
def test_second_name_of_an_own_file_is_opened_and_a_write_leaves_the_first_alone(
    tree: Tree, library_root: Path
) -> None:
    first = library_root / "alice" / "data" / "levels.csv"
    second = library_root / "alice" / "data" / "second.csv"
    second.hardlink_to(first)
    before = first.read_bytes()
    os.close(tree.open_file(_path("alice/data/second.csv")))
    tree.write_file(_path("alice/data/second.csv"), [b"new"])
    assert (first.read_bytes(), second.read_bytes()) == (before, b"new")


@pytest.mark.d4(31)
def test_folder_of_many_names_is_paged_by_name(tree: Tree, library_root: Path) -> None:
    folder = library_root / "alice" / "data" / "many"
    folder.mkdir()
    names = sorted(f"f{number}" for number in range(25))
    for name in names:
        (folder / name).touch()
    found, after = [], ""
    while True:
        page, after = tree.list_page(_path("alice/data/many"), limit=10, after=after)
        found += [one.name for one in page]
        if not after:
            break
    assert found == names
