"""The list of images: order, names and the rules that an entry keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from images.builder.errors import HierarchyError
from images.builder.hierarchy import Hierarchy, Image, load_hierarchy

FOLDER = Path(__file__).resolve().parents[3] / "images"


def _hierarchy(*names_and_parents: str) -> Hierarchy:
    images = [Image(name="root", provides="debian:bookworm-slim")]
    for entry in names_and_parents:
        name, needs = entry.split("<")
        parent, *copies = needs.split("+")
        images.append(
            Image(
                name=name, parent=parent, copies=tuple(copies), context=name,
                shipped=not name.isupper(), tests=(f"tests_{name}",),
            )
        )  # fmt: skip
    return Hierarchy(images=tuple(images))


def _names(images: tuple[Image, ...]) -> list[str]:
    return [image.name for image in images]


def test_parents_are_built_before_their_children() -> None:
    hierarchy = _hierarchy("a<root", "b<a", "c<root")
    assert _names(hierarchy.lineage(["b"])) == ["root", "a", "b"]
    assert _names(hierarchy.lineage(["c", "a"])) == ["root", "a", "c"]


def test_images_that_one_copies_from_are_built_before_it_shipped_or_not() -> None:
    hierarchy = _hierarchy("a<root", "B<a", "c<root+B", "d<c")
    assert _names(hierarchy.lineage(["d"])) == ["root", "a", "B", "c", "d"]
    assert _names(hierarchy.lineage([])) == ["root", "a", "B", "c", "d"]


def test_image_inherits_the_tests_of_its_parents_and_not_of_what_it_copies() -> None:
    hierarchy = _hierarchy("a<root", "b<root", "c<a+b", "d<c")
    assert hierarchy.tests_of(hierarchy.find("d")) == ("tests_a", "tests_c", "tests_d")
    assert _names(hierarchy.descendants("b")) == ["b"]


def test_without_names_all_shipped_images_are_wanted() -> None:
    assert _names(_hierarchy("a<root", "B<root", "c<a").lineage([])) == ["root", "a", "c"]


def test_promises_of_an_image_bind_all_that_stand_on_it() -> None:
    hierarchy = _hierarchy("a<root", "b<a", "c<b", "d<root")
    assert _names(hierarchy.descendants("a")) == ["a", "b", "c"]


def test_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(HierarchyError, match="no image 'x': choose from root, a"):
        _hierarchy("a<root").lineage(["x"])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("images: [{name: a}]", "give either"),
        ("images: [{name: a, provides: b, context: c, parent: d}]", "give either"),
        ("images: [{name: a, context: c}]", "belong together"),
        ("images: [{name: a, parent: z, context: c}]", "parent z must stand before it"),
        (
            "images: [{name: a, provides: b}, {name: c, parent: a, copies: [z], context: c}]",
            "what it copies, z must stand before it",
        ),
        ("images: [{name: a, provides: b, copies: [a]}]", "belongs to an image with a `context`"),
        ("images: [{name: a, provides: b}, {name: a, provides: b}]", "there twice"),
        ("images: [{name: a, provides: b, colour: red}]", "colour"),
        ("images: [", "list.yaml:1:"),
    ],
)
def test_faulty_list_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "list.yaml"
    path.write_text(text)
    with pytest.raises(HierarchyError, match=fault):
        load_hierarchy(path)


def test_every_listed_image_has_its_folder_its_locks_and_its_tests() -> None:
    for image in load_hierarchy(FOLDER / "hierarchy.yaml").images:
        assert image.context is None or image.summary
        for tests in image.tests:
            assert (FOLDER.parent / "tests" / "images" / tests / "__init__.py").is_file()
        assert image.context is None or (FOLDER / image.context / "Dockerfile").is_file()
        for lock in image.requirements:
            assert (FOLDER.parent / "requirements" / lock).is_file()
