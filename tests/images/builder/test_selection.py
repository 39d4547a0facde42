"""Which images the tests of a folder are run with."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from images.builder.hierarchy import Hierarchy, Image
from tests.images.selection import select_tags

RELEASE = version("twinhub-hub")
HIERARCHY = Hierarchy(
    images=(
        Image(name="root", provides="debian:bookworm-slim"),
        Image(name="workspace", parent="root", context="w", tests=("workspace",)),
        Image(name="child", parent="workspace", context="c", tests=("child",)),
        Image(name="hidden", parent="child", context="h", shipped=False),
    )
)
BOTH = ["workspace", "child"]


@pytest.mark.parametrize(
    ("folder", "is_once", "wanted", "names"),
    [
        ("workspace", False, "", BOTH),
        ("workspace", True, "", ["workspace"]),
        ("workspace", True, "all", BOTH),
        ("child", False, "", ["child"]),
        ("child", True, "", ["child"]),
        ("unknown", False, "", []),
    ],
)
def test_images_pass_inherited_tests_and_once_is_for_the_first(
    folder: str, *, is_once: bool, wanted: str, names: list[str]
) -> None:
    tags = select_tags(HIERARCHY, folder, is_once=is_once, wanted=wanted)
    assert tags == [f"twinhub/{name}:{RELEASE}" for name in names]


@pytest.mark.parametrize(
    ("folder", "wanted", "tags"),
    [
        ("workspace", "mine/child:1 mine/root:1", ["mine/child:1"]),
        ("child", "mine/child:1 mine/workspace:2", ["mine/child:1"]),
        ("workspace", "site/course:3", ["site/course:3"]),
        ("child", "site/course:3", []),
    ],
)
def test_named_images_are_tested_alone_and_unknown_ones_as_workspaces(
    folder: str, wanted: str, tags: list[str]
) -> None:
    assert select_tags(HIERARCHY, folder, is_once=True, wanted=wanted) == tags
